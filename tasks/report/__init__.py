"""A release and its words shown to a person.

One HTML page, charts, maps of senses, and answers of the looking commands.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
