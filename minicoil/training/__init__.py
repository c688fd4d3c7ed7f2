"""A layer a word.

Which sentences mean the same, what all words have in common, the closed form and the fit, and the verdict on triplets
that training never saw. Its rules have versions, so that moving code retrains nothing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
