"""Scripts of people that start encoding processes, run as people run them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_BODY = """
    texts = (f"the pod number {i} of a node" for i in range(400))
    print(sum(len(vector.indices) for vector in minicoil.load(FOLDER, threads=1).embed(texts, parallel=2)))
"""
_HEAD = "import sys, minicoil\nFOLDER = sys.argv[1]\n"
UNGUARDED = f"{_HEAD}if True:{_BODY}"
GUARDED = f'{_HEAD}if __name__ == "__main__":{_BODY}'
FROM_STDIN = f"{_HEAD}if True:{_BODY}".replace("(f", "(line for line in sys.stdin) if FOLDER else (f")
FAILING = f"{_HEAD}if __name__ == '__mp_main__':\n    raise LookupError('no licence here')\n{UNGUARDED}"


def run(folder, script, *arguments, **more):
    (folder / "their script.py").write_text(script)
    command = [sys.executable, "their script.py", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, **more)


@pytest.mark.parametrize("script", [UNGUARDED, FROM_STDIN])
def test_a_script_without_main_guard_is_told_what_to_write_once(tmp_path, bundle, script):
    done = run(tmp_path, script, bundle, input="a pod\n" * 400)
    assert done.returncode == 1 and not done.stdout
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("minicoil.errors.UsageError: parallel=2 starts processes, and each of them first runs ")
    assert "their script.py" in last
    assert 'put what the script does under `if __name__ == "__main__":`, or use threads (parallel=None)' in last
    assert "RuntimeError" not in done.stderr and "BrokenProcessPool" not in done.stderr
    assert done.stderr.count("UsageError") == 1


def test_with_the_guard_it_runs(tmp_path, bundle):
    done = run(tmp_path, GUARDED, bundle)
    assert (done.returncode, done.stderr) == (0, "") and int(done.stdout) > 400


def test_a_script_that_fails_in_its_copies_is_pointed_to_what_they_said(tmp_path, bundle):
    done = run(tmp_path, FAILING, bundle)
    assert done.returncode == 1
    assert "LookupError: no licence here" in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert "ended with status 1 before it could encode; what it said stands above" in last
    assert 'if __name__ == "__main__":' in last
