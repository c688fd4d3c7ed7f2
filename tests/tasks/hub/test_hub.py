"""What comes from a hub is loaded, started from and moved by commands like what comes from a folder."""

import json
import re
import shutil

import numpy as np
import pytest

import minicoil
from minicoil.errors import BundleError, UsageError
from minicoil.folder.bundle import read_facts
from tasks.catalogue.manifest import read_manifest
from tasks.hub.address import HubAddress
from tasks.hub.pushing import push_release
from tasks.models.base import import_base, open_base
from tasks.models.resolver import resolve_hub
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
WHERE = HubAddress("acme/terms")


def test_a_base_is_had_from_a_hub_and_keeps_its_name_and_licence(hub, place, folders, tmp_path):
    push_release(place, WHERE)
    base = open_base(place, "hf:acme/terms@2")
    assert (base.name, base.licence) == ("acme/terms", "apache-2.0") and base.digest == open_base(
        place, str(folders / "two")
    ).digest
    home = Place.at(tmp_path / "second")
    assert import_base(home, "production", "hf:acme/terms@2") == 1
    assert read_manifest(home.objects(), 1).facts["base"]["name"] == "acme/terms"
    hub.repositories["acme/terms"].add({"x.txt": b"no model"}, "not ours")
    with pytest.raises(BundleError):
        open_base(place, "hf:acme/terms")


def test_a_model_is_loaded_from_a_hub_by_what_is_registered_for_it(hub, place, monkeypatch, folders):
    class Entry:
        name = "hf"

        def load(self):
            return resolve_hub

    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda group: [Entry()] if group == "minicoil.resolvers" else []
    )
    push_release(place, WHERE)
    model, own = minicoil.load("hf:acme/terms@2", avg_len=9.0), minicoil.load(folders / "two", avg_len=9.0)
    (one,), (other,) = model.embed(["a pod on a node"]), own.embed(["a pod on a node"])
    assert one.indices.tolist() == other.indices.tolist() and np.array_equal(one.values, other.values)
    with pytest.raises(UsageError, match="a hub has no channels to follow"):
        minicoil.load("hf:acme/terms@2", follow=True)


def test_commands_push_and_pull(hub, place, tmp_path):
    from click.testing import CliRunner

    from flows.cli import main

    def run(*words):
        return CliRunner().invoke(main, ["release", *words, "--home", str(place.home)])

    pushed = run("push", "hf:acme/terms", "--release", "1", "--json")
    assert pushed.exit_code == 0 and json.loads(pushed.stdout)["address"] == "hf:acme/terms@1"
    pulled = run("pull", "hf:acme/terms@1", str(tmp_path / "model"))
    assert pulled.exit_code == 0 and (tmp_path / "model" / "manifest.json").is_file()
    missing = run("pull", "hf:acme/terms@7", str(tmp_path / "none"))
    assert missing.exit_code == 1 and re.search(r"hf:acme/terms@7: the repository has no such revision", missing.output)
    assert run("push", "acme/terms").exit_code == 2
    assert read_facts(tmp_path / "model").width == 64
    shutil.rmtree(tmp_path / "model")
