"""Text into sentences, words and stems.

Encodings, prose out of markup and docstrings, tokens as WordPiece sees them, folding, snippets, near duplicates.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
