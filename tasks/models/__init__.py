"""Models at hand.

Encoders by name, releases and bases as folders, addresses that `minicoil.load` takes, and models that follow a
channel.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
