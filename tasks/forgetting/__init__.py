"""A document taken out of everything that ever read it.

Collections, sentences, caches, reports, with a list of what had to change.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
