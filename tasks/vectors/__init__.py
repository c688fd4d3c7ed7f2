"""Vectors over HTTP, for programs outside Python.

A model by any address of `minicoil.load`, texts of all who ask at once encoded together, bounds, health, metrics.
Others ask for the service of a model.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
