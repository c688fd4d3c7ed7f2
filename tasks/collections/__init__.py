"""What a collection is written and read with.

Texts of its points, vectors for them, searches, explanations, the engine's IDF.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
