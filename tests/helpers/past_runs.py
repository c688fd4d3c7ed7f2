"""Records of runs, as a home keeps them."""

import json
from datetime import UTC, datetime, timedelta


def write_run(home, flow, hours_ago, state="Completed", message="", process=1, seconds=5.0):
    started = datetime.now(UTC) - timedelta(hours=hours_ago)
    document = {"flow": flow, "parameters": {}, "started": started.isoformat(timespec="seconds"), "state": state}
    document |= {"message": message, "seconds": seconds, "steps": [], "artifacts": [], "process": process}
    (home / "runs").mkdir(parents=True, exist_ok=True)
    path = home / "runs" / f"{started:%Y%m%dT%H%M%S}-{flow}-abcdef.json"
    path.write_text(json.dumps(document))
    return path
