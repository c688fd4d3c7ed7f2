"""Releases on a hub of models, Hugging Face's or one that speaks as it does.

Pushed under their number as a tag, pulled and checked against their manifest. Others ask for the folder that an address
such as `hf:owner/name@7` names; nothing is asked of a hub unless somebody names one.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
