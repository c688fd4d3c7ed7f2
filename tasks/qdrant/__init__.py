"""A Qdrant server, and the choice between it and the embedded engine.

What a server bounds, forgets or leaves unsaid is dealt with here, and nobody else speaks to it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
