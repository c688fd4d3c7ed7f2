"""What was published and who depends on it.

Releases and manifests, channels, collections, readers, approvals, and how long old cells must stay. Others ask which
release serves whom.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
