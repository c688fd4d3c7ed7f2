"""Object storage on disk and on S3.

Documents under compare-and-swap, formats with versions, damage named instead of raised, the audit, locks and free
disk. Others ask for bytes and documents by key.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
