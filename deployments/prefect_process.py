"""`python -m deployments.prefect_process ...`: Prefect's own command, blind to settings of the folder it runs in."""

from __future__ import annotations

import runpy
import sys

from flows.orchestration import ignore_working_folder


def main() -> None:
    """Run `python -m prefect` with this process's arguments."""
    ignore_working_folder()
    sys.argv[0] = "prefect"
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
