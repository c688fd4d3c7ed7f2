"""`minicoil` where some modules cannot be imported, as if they were not installed: `light_service.py MODULE,... COMMAND`.

What of torch, Prefect and transformers was imported all the same is said on stderr at the end.
"""

import sys

from light_path import Blocker

if __name__ == "__main__":
    blocked, *arguments = sys.argv[1:]
    sys.meta_path.insert(0, Blocker(blocked.split(",")))
    from flows.cli import main

    try:
        main(arguments, prog_name="minicoil")
    finally:
        heavy = {name.partition(".")[0] for name in sys.modules} & {"torch", "prefect", "transformers"}
        print(f"heavy: {sorted(heavy)}", file=sys.stderr)
