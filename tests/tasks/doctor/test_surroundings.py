"""What a page says of home, store, engine, disk and memory: what was found, who named it, and what to do."""

import inspect
from pathlib import Path

import pytest
from qdrant_double import QdrantDouble

from tasks.doctor.check import first_to_fix
from tasks.doctor.surroundings import check_surroundings
from tasks.place import Place
from tasks.qdrant.server_features import TESTED_VERSION

ROOT = Path(__file__).parents[3]
NAMED_BY = {"home": "--home", "store": "default", "qdrant": "default"}


def by_name(checks):
    return {check.name: check for check in checks}


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
