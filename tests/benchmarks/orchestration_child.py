"""One extension in a process of its own: as a flow on Prefect's embedded server, or the same calls without Prefect.

python orchestration_child.py flow|plain PARAMETERS-AS-JSON prints one line of JSON: seconds of the whole, and of importing
Prefect, which the calls alone would not need.
"""

import json
import logging
import os
import sys
import time
from pathlib import Path


def _leave_prefect_out():
    """Make its decorators give back the function, and its artifacts and logger do nothing; before `flows` is imported."""
    import prefect
    import prefect.artifacts
    import prefect.logging

    def undecorated(*given, **_options):
        return given[0] if given and callable(given[0]) else lambda function: function

    prefect.flow = prefect.task = undecorated
    for kind in ("table", "markdown", "link", "progress"):
        setattr(prefect.artifacts, f"create_{kind}_artifact", lambda *_given, **_options: None)
    prefect.logging.get_run_logger = lambda: logging.getLogger("plain")


def _run_plain(values):
    from flows.extend_vocabulary import extend_vocabulary
    from flows.parameters import ExtendParameters

    return extend_vocabulary(ExtendParameters.model_validate(values))


def main(mode, values):
    from flows.embedded import prepare_environment, run

    started = time.monotonic()
    prepare_environment(Path(values["home"]))
    importing = time.monotonic()
    if mode == "plain":
        _leave_prefect_out()
    importing = time.monotonic() - importing if mode == "plain" else 0.0
    report = _run_plain(values) if mode == "plain" else run("extend-vocabulary", values)
    answer = {
        "seconds": time.monotonic() - started,
        "import_seconds": importing,
        "cpu_seconds": sum(os.times()[:2]),
        "n_words": len(report["words"]),
        "release": report["release"],
        "promoted": report["promoted"],
        "steps": report["seconds"],
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
