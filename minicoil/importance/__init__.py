"""How much a word matters in its document.

One vector, learned from titles and first sentences, turns the pooled embeddings that meaning uses anyway into a
weight a word.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
