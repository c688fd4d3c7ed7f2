"""A release folder out of its parent and the layers just trained.

Checked before anyone sees it, with its card; and old releases taken away when nobody needs them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
