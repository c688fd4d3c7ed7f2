"""What lies on disk, read with suspicion and written whole.

The names in a model folder, strict numbers and JSON, the growing stack of word layers, arrays that anybody may have
made. Others ask here for every file that a stranger, or a crash, may have damaged.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
