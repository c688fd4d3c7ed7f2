"""Text into sentences, words and stems.

Encodings, prose out of markup and docstrings, tokens as WordPiece sees them, one folding for every script, snippets,
near duplicates. Others ask what the words of a text are.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
