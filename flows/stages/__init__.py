"""What several flows share.

Opening a job, training chosen words, making a release, proving it, and serving it once the gate agrees.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
