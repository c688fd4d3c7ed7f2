"""Corpora by SPEC, read once in bounded memory.

Files, tables, sets, packages, collections, query logs, in pieces.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
