"""Which words there are.

Counts of a corpus, what is worth learning, the vocabulary that only grows and the ledger of every word that training
looked at. Others ask which id a word has and which words mean something of their own.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
