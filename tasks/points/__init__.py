"""Points and collections behind the few operations this service needs, and the embedded engine that has them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
