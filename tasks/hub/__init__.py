"""Releases on a hub of models.

Pushed under their number as a tag, pulled and checked against their manifest; nothing is asked of a hub unless
somebody names one.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
