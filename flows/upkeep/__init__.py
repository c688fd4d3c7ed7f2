"""What a Prefect server keeps, looked after.

Dead runs reaped, past ones read, corpora that schedules share.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
