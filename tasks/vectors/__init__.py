"""Vectors over HTTP, for programs outside Python.

Texts of all who ask at once encoded together, bounds, health, metrics.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
