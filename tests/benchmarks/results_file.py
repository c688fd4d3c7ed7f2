"""Where a benchmark keeps its figures: docs/benchmarks/NAME.json, with the machine and the date they are from."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[2] / "docs" / "benchmarks"


def describe_machine() -> dict[str, Any]:
    """Of this process: what a reader needs to compare."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return {
        "cpu": next(names, platform.processor()),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


def stamp(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures with date and machine, where they do not say more themselves."""
    return {"date": date.today().isoformat(), "machine": describe_machine(), **figures}


def keep_figures(name: str, figures: Mapping[str, Any], part: bool = False) -> dict[str, Any]:
    """Write them to MINICOIL_BENCH_OUT, or else to the file of that name; a `part` goes beside what is there.

    Returns:
        All that the file holds now.
    """
    path = Path(os.environ.get("MINICOIL_BENCH_OUT") or RESULTS / f"{name}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(path.read_text()) if part and path.exists() else {}
    whole = {**before, **stamp(figures)}
    path.write_text(json.dumps(whole, indent=1) + "\n")
    return whole
