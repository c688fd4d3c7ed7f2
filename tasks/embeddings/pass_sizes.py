"""How large forward passes are and how many run at once, measured by the first over many texts and kept in the home.

A home may be read by several machines: each finds its own by processor, cores, ONNX Runtime's version and encoder.
"""

from __future__ import annotations

import hashlib
import logging
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

from minicoil.encoder import PassesAtOnce, TokenBudget, cores, mean_rates, physical_cores, sampled_digest
from minicoil.files import parse_json, write_json, write_whole

logger = logging.getLogger(__name__)
_FILE = "passes.json"
_MOST_TOKENS = 16_384  # of a number read: more was never a candidate
_Keep: TypeAlias = Callable[[dict[str, Any]], None]
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
            entry, keep = _read(cache / _FILE).get(machine, {}), partial(_keep, cache / _FILE, machine)
            at_once = PassesAtOnce(cores(), physical_cores(), entry.get("at_once"), partial(_keep_at_once, keep))
            _known[key] = TokenBudget(entry.get("tokens"), partial(_keep_size, keep), at_once)
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


def _keep_size(keep: _Keep, tokens: int, costs: dict[int, float]) -> None:
    shown = ", ".join(f"{budget}: {seconds:.1f}" for budget, seconds in sorted(costs.items()))
    logger.info("forward passes of %d tokens from now on; CPU seconds a million tokens of %s", tokens, shown)
    keep({"tokens": tokens, "cpu_seconds_per_million": {str(k): round(v, 3) for k, v in sorted(costs.items())}})


def _keep_at_once(keep: _Keep, passes: int, rates: dict[int, list[float]]) -> None:
    shown = ", ".join(f"{number}: {rate}" for number, rate in mean_rates(rates).items())
    logger.info("%d forward passes at once from now on; tokens a second by %s", passes, shown)
    keep({"at_once": passes, "tokens_per_second": mean_rates(rates)})


def _keep(path: Path, machine: str, facts: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        found = _read(path)
        write_whole(path, write_json({**found, machine: {**found.get(machine, {}), **facts}}))
    except OSError as error:  # a full or closed disk costs the next process a measurement
        logger.info("%s cannot be written (%s); the next run measures again", path, error)


def _read(path: Path) -> dict[str, Any]:
    """Entries by machine; what is damaged was never measured."""
    try:
        found = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {key: known for key, entry in entries if isinstance(entry, dict) and (known := _sound(entry))}


def _sound(entry: dict[str, Any]) -> dict[str, Any]:
    """What of an entry can have been measured; without a size nothing was."""
    if not _is_count(entry.get("tokens"), _MOST_TOKENS):
        return {}
    return entry if _is_count(entry.get("at_once", 1), cores()) else {k: v for k, v in entry.items() if k != "at_once"}


def _is_count(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most
