"""What was published.

Releases and manifests, channels, collections, approvals. Others ask which release serves whom.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
