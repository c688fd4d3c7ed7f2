"""Object storage on disk and on S3.

Documents under compare-and-swap, formats with versions, damage named instead of raised, the audit.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
