"""Flows as plain functions, for tests that run hundreds of them: what Prefect adds is tested elsewhere."""

import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest


class PlainFlow:
    """A flow's function, called as the flow is."""

    def __init__(self, fn: Any) -> None:
        self.fn = fn

    def __call__(self, *arguments: Any) -> Any:
        return self.fn(*arguments)


@contextmanager
def without_prefect() -> Iterator[None]:
    """Every flow and step of this process without Prefect's engine and server."""
    from prefect import Flow, Task

    from flows import embedded, shown_artifacts

    for module, _ in embedded.FLOWS.values():
        importlib.import_module(module)
    silent = SimpleNamespace(__getattr__=None)
    for name in ("table", "markdown", "link", "progress"):
        setattr(silent, f"create_{name}_artifact", lambda *a, **k: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "prepare_environment", lambda *a: None)
        patch.setattr(shown_artifacts, "artifacts", silent)
        for module in [module for name, module in sys.modules.items() if name.startswith("flows.")]:
            for name, value in list(vars(module).items()):
                if isinstance(value, Task):
                    patch.setattr(module, name, value.fn)
                elif isinstance(value, Flow):
                    patch.setattr(module, name, PlainFlow(value.fn))
                elif name == "get_run_logger":
                    patch.setattr(module, name, lambda: logging.getLogger("flows"))
        yield
