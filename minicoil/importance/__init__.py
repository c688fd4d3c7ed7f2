"""How much a word matters in its document.

One vector, learned from titles and first sentences that ask for their own text, turns the pooled embeddings that
meaning uses anyway into a weight a word. Others ask for the weights of a text, and for a vector that learned them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
