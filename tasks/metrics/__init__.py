"""What processes count, for Prometheus.

Off unless a folder is named, where counts outlive their process. Others say what happened.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
