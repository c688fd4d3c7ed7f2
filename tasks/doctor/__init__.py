"""What the service stands on, checked before work begins.

Packages against the versions that the tests ran with, home and store and engine by address, disk and memory against the
work planned. Each check says what was found and, where something is wrong, the one thing to do.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
