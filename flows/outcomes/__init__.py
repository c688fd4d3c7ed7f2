"""What a flow answers.

Fields for Python, the JSON document of `--json`, and lines for a person.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
