"""What a flow answers.

A frozen outcome a flow: fields for those who call from Python, the JSON document of `--json`, and lines for a person.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
