"""Points brought to another release, and back.

Which of them a change touches, what that costs, new cells beside old ones, late points swept up, old cells taken
away; search stays right throughout.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
