"""Corpora by SPEC, read once in bounded memory.

Files, tables, sets, packages, query logs; each document under one id, each sentence kept once in the store.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
