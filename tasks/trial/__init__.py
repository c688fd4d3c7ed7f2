"""A first look at somebody's own text.

What was read of it, a BM25 answer before anything is trained, and words in their meanings with both rankings.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
