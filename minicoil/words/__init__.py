"""Which words there are.

Counts of a corpus, what is worth learning, the vocabulary that only grows and the ledger of every word that training
looked at.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
