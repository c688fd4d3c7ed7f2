"""The wheel as people install it: every extra in a clean environment of its own, under each Python that is here.

    python .ci/wheels.py [--python 3.11] [--extra light]     (both may be given several times; `make wheels` gives none)

Builds the wheel, has the environment it runs in make a model and a home, installs the wheel with each extra by pip into
a fresh venv, against constraints.txt, and lets that venv encode, search and load what was made. One line each, and
at the end which Pythons were not tried; exit status 1 where any failed, or none was tried.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HELPERS = ROOT / "tests" / "helpers"
PYTHONS = ("3.11", "3.12", "3.13")
# extra -> what a venv that has it must be able to import; "light" is the package by itself
EXTRAS = {
    "light": (),
    "documents": ("pypdf", "docx"),
    "hf": ("datasets", "huggingface_hub"),
    "serve": ("fastapi", "uvicorn", "prometheus_client"),
    "train": ("torch", "prefect", "sentence_transformers", "fastembed", "wordfreq", "flows.extend_vocabulary"),
    "dask": ("prefect_dask", "distributed"),
}
CPU_INDEX = os.environ.get("CPU_INDEX", "https://download.pytorch.org/whl/cpu")
SMOKE_SECONDS = 1200  # a command that waits for ever is a failure too
INDEX_SECONDS = os.environ.get("INDEX_SECONDS", "10")


def run(*command: str | Path, **more: object) -> str:
    """Stdout of a command; what it said on both where it failed."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))[:200]}\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout


def pythons(wanted: list[str]) -> dict[str, str]:
    """Version -> an interpreter that starts and is of that version; a pyenv's shim may be there and be neither."""
    found = {}
    for version in wanted:
        candidates = [shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
        for candidate in filter(None, candidates):
            said = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
            if said.returncode == 0 and said.stdout.startswith(f"Python {version}."):
                found[version] = str(candidate)
                break
    return found


def set_up(python: str, extra: str, wheel: Path, folder: Path) -> Path:
    """The interpreter of a fresh venv with the wheel and one extra."""
    run(python, "-m", "venv", folder)
    inside = folder / "bin" / "python"
    pip = [inside, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "-c", ROOT / "constraints.txt"]
    if extra in ("train", "dask"):  # as in the Makefile: the CPU build first, where its index answers
        torch = next(
            line.split()[0] for line in (ROOT / "constraints.txt").read_text().split("\n") if line.startswith("torch==")
        )
        index = ["--no-deps", "--index-url", CPU_INDEX, "--timeout", INDEX_SECONDS, "--retries", "0"]
        subprocess.run([*map(str, pip), *index, torch], capture_output=True, check=False)
    run(*pip, f"{wheel}[{extra}]" if extra != "light" else wheel)
    return inside


def smoke(inside: Path, extra: str, made: dict[str, str], folder: Path) -> dict[str, object]:
    """What `light_path.py` found in the venv, after it imported what the extra is for."""
    theirs = ("PYTHONPATH", "VIRTUAL_ENV", "MINICOIL_", "PREFECT_")  # a server that is named would be deployed to
    environment = {key: value for key, value in os.environ.items() if not key.startswith(theirs)}
    where = {"cwd": folder, "env": {**environment, "HF_HUB_OFFLINE": "1"}, "timeout": SMOKE_SECONDS}
    run(inside, "-c", "import " + ", ".join(("minicoil", *EXTRAS[extra])), **where)
    run(inside, "-m", "pip", "check", **where)
    home = folder / "home"
    shutil.copytree(made["home"], home)
    return json.loads(run(inside, HELPERS / "light_path.py", made["model"], home, **where).splitlines()[-1])


def check(found: dict[str, object], extra: str) -> None:
    """Raises where the venv did other than it should: it must find the pod, and refuse exactly what it lacks."""
    assert found["searched"]["results"] and found["served"] == found["indices"], found
    for name in ("extend --corpus x", "serve", "deploy"):
        says = "pip install 'minicoil-service[train]'" in found["refused"][name][1]
        assert says == (extra not in ("train", "dask")), (name, found["refused"][name])
    counted = found["refused"]["metrics --port 0"]
    assert (counted[0] == 0) == (extra in ("serve", "train", "dask")), counted  # Prefect brings what [serve] does
    if extra not in ("train", "dask"):
        assert found["heavy"] == [], found["heavy"]


def check_all(found: dict[str, str], extras: list[str]) -> list[str]:
    """The environments that failed, of every extra under every interpreter; a line is printed for each."""
    failed = []
    with tempfile.TemporaryDirectory(prefix="minicoil-wheels-") as name:
        folder = Path(name)
        shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)  # modules of a build before this one would come along
        run(sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "-w", folder / "wheel", ROOT, cwd=folder)
        (wheel,) = (folder / "wheel").glob("*.whl")
        paths = os.pathsep.join(map(str, (ROOT, HELPERS)))
        made = json.loads(
            run(
                sys.executable,
                HELPERS / "light_home.py",
                folder / "made",
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1"},
            ).splitlines()[-1]
        )
        for version, python in found.items():
            for extra in extras:
                venv, started = folder / f"{version}-{extra}", time.monotonic()
                try:
                    inside = set_up(python, extra, wheel, venv)
                    installed = time.monotonic() - started
                    check(smoke(inside, extra, made, venv), extra)
                    size = run("du", "-sm", venv / "lib").split()[0]
                    print(f"{version} {extra}: good; installed in {installed:.0f} s, {size} MB", flush=True)
                except (RuntimeError, AssertionError, subprocess.TimeoutExpired) as error:
                    failed.append(f"{version} {extra}")
                    print(f"{version} {extra}: FAILED\n{error}", flush=True)
                shutil.rmtree(venv, ignore_errors=True)
    return failed


def main() -> int:
    """Exit status: 1 where any environment failed, a Python that was asked for is not here, or none is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", choices=PYTHONS)
    parser.add_argument("--extra", action="append", choices=tuple(EXTRAS))
    given = parser.parse_args()
    wanted = given.python or list(PYTHONS)
    found = pythons(wanted)
    for version in wanted:
        print(f"python {version}: {found.get(version, 'not found here, passed over')}", flush=True)
    failed = check_all(found, given.extra or list(EXTRAS)) if found else []
    untried = [version for version in wanted if version not in found]
    if untried:  # last, where whoever looks at the result looks
        print(f"NOT TRIED, for it is not found here: Python {', '.join(untried)}", flush=True)
    return 1 if failed or not found or (given.python and untried) else 0


if __name__ == "__main__":
    sys.exit(main())
