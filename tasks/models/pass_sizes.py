"""How many tokens of a forward pass suit this machine, measured by the first pass over many texts and kept in the home.

A home may be read by several machines: each finds its own by processor, cores, ONNX Runtime's version and encoder.
"""

from __future__ import annotations

import hashlib
import logging
import platform
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from minicoil.encoder import TokenBudget, cores, sampled_digest
from minicoil.files import parse_json, write_json, write_whole

logger = logging.getLogger(__name__)
_FILE = "passes.json"
_MOST_TOKENS = 16_384  # of a number read: more was never a candidate
_known: dict[tuple[Path, str], TokenBudget] = {}
_finding = Lock()


def pass_budget(cache: Path, encoder: Path) -> TokenBudget:
    """The budget of this machine for an encoder, the same object for everybody in this process.

    Args:
        cache: The home's folder of things that can be made again.
        encoder: The ONNX graph.
    """
    machine = _machine(encoder)
    key = (cache.absolute(), machine)
    with _finding:
        if key not in _known:
            _known[key] = TokenBudget(
                _read(cache / _FILE).get(machine, {}).get("tokens"), _keep(cache / _FILE, machine)
            )
        return _known[key]


def _machine(encoder: Path) -> str:
    import onnxruntime

    facts = (_processor(), cores(), onnxruntime.__version__, sampled_digest(encoder))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:  # not Linux
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _keep(path: Path, machine: str) -> Callable[[int, dict[int, float]], None]:
    def keep(tokens: int, costs: dict[int, float]) -> None:
        shown = ", ".join(f"{budget}: {seconds:.1f}" for budget, seconds in sorted(costs.items()))
        logger.info("forward passes of %d tokens from now on; CPU seconds a million tokens of %s", tokens, shown)
        entry = {"tokens": tokens, "cpu_seconds_per_million": {str(k): round(v, 3) for k, v in sorted(costs.items())}}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, write_json({**_read(path), machine: entry}))
        except OSError as error:  # a full or closed disk costs the next process a measurement
            logger.info("%s cannot be written (%s); the next run measures again", path, error)

    return keep


def _read(path: Path) -> dict[str, Any]:
    """Entries by machine; what is damaged was never measured."""
    try:
        found = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {key: entry for key, entry in entries if isinstance(entry, dict) and _is_size(entry.get("tokens"))}


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_TOKENS
