"""Each sentence kept once.

In columns; as points where training needs vectors; and what is left of a document in them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
