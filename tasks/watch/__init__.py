"""The state of the whole service.

What each channel serves, whether searches are safe, what is stuck or waits for whom, and people told of it by webhook
and mail. It only looks.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
