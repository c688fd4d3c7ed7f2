"""Corpora read, by one process or many.

Pieces are split, each sentence is given to the first document that has it, then pieces are counted; the same comes
out however many there are, in whatever order.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
