"""What the service stands on, checked before work begins.

Packages against the versions that were tested, home, store and engine, disk and memory; and the one thing to do.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
