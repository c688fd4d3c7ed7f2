"""Words chosen, taught and judged.

Their sentences sampled and encoded once, layers trained in units that survive a kill, and measured against the layers
they would replace.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
