"""What lies on disk, read with suspicion and written whole.

The names in a model folder, strict numbers and JSON, the stack of layers, arrays that anybody may have made.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
