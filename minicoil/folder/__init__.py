"""The model folder that this library, FastEmbed and ONNX Runtime all load.

Made empty from an encoder, derived from a parent, checked, written as fused graphs.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
