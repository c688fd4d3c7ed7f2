"""Addresses of releases lead to their folders, pulled where they are not on this machine."""

import os
import shutil

import pytest

from minicoil.errors import ReleaseError, UsageError
from minicoil.folder.bundle import check_bundle
from tasks.catalogue.channels import move_current, set_pending
from tasks.models.resolver import resolve, resolve_hub, split_address
from tasks.place import Place


def test_the_package_registers_what_loads_from_a_hub():
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["minicoil.resolvers"]["hf"] == f"{resolve_hub.__module__}:{resolve_hub.__name__}"


@pytest.mark.parametrize(
    ("address", "store", "name"),
    [
        ("s3://bucket/prefix@production", "s3://bucket/prefix", "production"),
        ("file:///a@b@3", "file:///a@b", "3"),
        ("@3", "", "3"),
    ],
)
def test_what_stands_behind_the_last_at_is_the_release(address, store, name):
    assert split_address(address) == (store, name)


@pytest.mark.parametrize("address", ["s3://bucket/prefix", "s3://bucket/prefix@", ""])
def test_an_address_without_a_release_says_how_one_is_written(address):
    with pytest.raises(UsageError) as caught:
        split_address(address)
    assert str(caught.value) == (
        f"'{address}': expected STORE@CHANNEL or STORE@NUMBER, such as s3://bucket/prefix@production"
    )


def test_a_release_is_found_by_number_and_by_channel(releases, tmp_path, monkeypatch):
    monkeypatch.setenv("MINICOIL_HOME", str(tmp_path / "home"))
    shutil.copytree(releases, tmp_path / "store", copy_function=os.link)
    address = (tmp_path / "store").as_uri()
    store = Place.at(tmp_path / "home", address).objects()
    set_pending(store, "production", 2, None)
    move_current(store, "production", 2)
    assert resolve(f"{address}@production") == resolve(f"{address}@2") != resolve(f"{address}@3")
    assert resolve(f"{address}@2") == tmp_path / "store" / "releases" / "2"  # what is on this machine is not copied
    assert "shard" in check_bundle(resolve(f"{address}@2"))[1].known_words
    with pytest.raises(ReleaseError, match="'staging' is neither a release number nor a channel that serves one"):
        resolve(f"{address}@staging")


def test_an_address_of_a_hub_that_is_none_is_refused_before_anybody_is_asked():
    with pytest.raises(UsageError, match="expected hf:owner/name"):
        resolve_hub("hf:owner")
