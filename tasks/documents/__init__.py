"""Documents, wherever they come from.

Told apart, sampled, measured; large files cut where a document ends.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
