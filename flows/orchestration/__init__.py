"""How a step runs.

In this process, or under a Prefect server where one is named; whose turn it is, events, artifacts and the record of a
run.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
