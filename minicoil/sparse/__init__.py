"""What a person imports.

Texts in, sparse vectors out, cell for cell as stock FastEmbed makes them; queries, documents, what a change of words
touches, and a model that follows a channel.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
