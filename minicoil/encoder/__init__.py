"""Contextual embeddings of tokens at the price of the tokens.

ONNX Runtime, torch where it is faster, windows of texts, and the cores and memory that a container really grants.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
