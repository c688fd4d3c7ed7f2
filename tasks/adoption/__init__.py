"""Collections of other people.

miniCOIL vectors added in place, collections that have some attached, copies where nothing else serves.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
