"""Is search better?

Sets with and without judgements, exact rankings by the engine's formula, measures with intervals, a word's own
effect, the gate, and two releases compared.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
