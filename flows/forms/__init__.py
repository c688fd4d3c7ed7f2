"""What a person may ask of each flow, as one form a flow.

The fields of the Prefect UI, of the command line and of Python callers.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
