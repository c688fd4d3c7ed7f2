"""Collections filled, searched, and kept at the release that a channel serves.

Exactly the affected points rewritten, found, verified and contracted, while search and other writers go on.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
