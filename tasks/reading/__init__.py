"""Corpora read, by one process or by many: words counted, each sentence kept once.

Pieces are split by whoever is free, each sentence is given to the first document that has it, then pieces are counted;
the same comes out however many pieces there are, and in whatever order they are done.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
