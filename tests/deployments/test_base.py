"""`make base`: whose text may teach, what the card says of it, and a file that is the same whenever it is packed."""

import json
import subprocess
import tarfile
from email.message import Message

import pytest

from deployments import base
from deployments.base import Source, base_card, find_sources, is_allowed, pack_archive, read_licence

FACTS = {"n_words": 1480, "dims": 4, "verdicts": {"accepted": 1480, "kept_bm25": 20}, "mean_ordering_accuracy": 0.77}
SOURCES = [Source("numpy", "2.4.0", "BSD-3-Clause", ("numpy",))]


class Installed:
    """A distribution, as much as is looked at."""

    version = "1.0"

    def __init__(self, name, files=("x/__init__.py",), **said):
        from importlib.metadata import PackagePath

        self.metadata = Message()
        self.metadata["Name"] = name
        for key, values in said.items():
            for value in values:
                self.metadata[key.replace("_", "-")] = value
        self.files = [PackagePath(path) for path in files]


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ({"License_Expression": ["MIT AND Apache-2.0"], "License": ["GPL"]}, "MIT AND Apache-2.0"),
        ({"Classifier": ["License :: OSI Approved :: BSD License", "Programming Language :: Python"]}, "BSD-3-Clause"),
        ({"Classifier": ["License :: OSI Approved"], "License": ["Apache 2.0"]}, "Apache-2.0"),
        ({"Classifier": ["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"], "License": ["MIT"]}, ""),
        ({"Classifier": [f"License :: OSI Approved :: {n} License" for n in ("MIT", "BSD")]}, "BSD-3-Clause AND MIT"),
        ({"License": ["Copyright (c) somebody, all rights reserved"]}, ""),
        ({}, ""),
    ],
)
def test_a_licence_is_what_the_metadata_say_and_nothing_where_they_say_nothing_known(said, licence):
    assert read_licence(Installed("x", **said).metadata) == licence


def test_every_licence_of_an_expression_has_to_be_allowed():
    assert is_allowed("Apache-2.0 OR BSD-2-Clause") and is_allowed("(MIT AND 0BSD) OR ISC")
    assert is_allowed("Apache-2.0 AND Apache-2.0 WITH LLVM-exception AND BSL-1.0")
    assert not is_allowed("MIT OR GPL-2.0-or-later") and not is_allowed("GPL-2.0-only WITH Classpath-exception-2.0")


def test_packages_are_found_by_licence_and_only_what_can_be_imported_is_named():
    mit = {"License_Expression": ["MIT"]}
    files = [
        "one/__init__.py",
        "one/deep/__init__.py",
        "six.py",
        "tests/__init__.py",
        "_c/__init__.py",
        "x.dist-info/R",
    ]
    installed = [
        Installed("b", files, **mit),
        Installed("a", **mit),
        Installed("gpl", License_Expression=["GPL-3.0-only"]),
        Installed("binary", ["b.so"], **mit),
        Installed("minicoil-service", License_Expression=["Apache-2.0"]),
    ]
    found = find_sources(installed)
    assert [(source.package, source.modules) for source in found] == [("a", ("x",)), ("b", ("one", "six"))]


def test_the_card_names_each_package_with_its_licence_and_the_licence_of_the_base():
    from tasks.models.base import _LICENCE

    card = base_card(SOURCES, FACTS, ["extend", "--common", "1500"])
    assert "| numpy | 2.4.0 | BSD-3-Clause |" in card and "minicoil extend --common 1500" in card
    assert _LICENCE.search(card).group(1) == "apache-2.0" and "1,480 accepted, 20 kept bm25" in card


def test_the_packed_file_is_the_same_whenever_it_is_packed(tmp_path):
    folder = tmp_path / "base"
    (folder / "ledger").mkdir(parents=True)
    (folder / "README.md").write_text("card")
    (folder / "ledger" / "000001.json").write_text("{}")
    first = pack_archive(folder).read_bytes()
    (folder / "README.md").touch()
    assert pack_archive(folder).read_bytes() == first
    with tarfile.open(tmp_path / "base.tar.xz") as packed:
        assert packed.getnames() == ["base/README.md", "base/ledger/000001.json"]


def test_two_thousand_rounded_layers_pack_to_less_than_the_bound(tmp_path):
    import numpy as np

    folder = tmp_path / "base"
    folder.mkdir()
    halves = np.random.default_rng(1).normal(scale=0.3, size=(500, 384, 4)).astype(np.float16)
    np.save(folder / "stack.npy", halves.astype(np.float32))
    assert pack_archive(folder).stat().st_size * 4 < 0.6 * base.MAX_BYTES  # the rest is for words, ledger and prior


def test_a_release_that_a_gate_holds_back_ends_it_in_one_line(monkeypatch, tmp_path, capsys):
    def run(command, check, stdout):
        assert command[3:5] == ["extend", "--common"] and "float16" in command
        return subprocess.CompletedProcess(command, 0, json.dumps({"release": 1, "promoted": False}).encode())

    monkeypatch.setattr(base, "find_sources", lambda _: SOURCES)
    monkeypatch.setattr("deployments.own_commands.subprocess.run", run)
    with pytest.raises(SystemExit):
        base.main(["--home", str(tmp_path / "home"), "--out", str(tmp_path / "out")])
    assert "the same command goes on" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_package_that_may_not_be_read_is_refused_by_name(monkeypatch, capsys):
    monkeypatch.setattr(base, "find_sources", lambda _: SOURCES)
    with pytest.raises(SystemExit):
        base.main(["--packages", "numpy,chardet"])
    assert "error: chardet: not installed" in capsys.readouterr().err


def test_what_it_runs_is_a_command_that_parses():
    from command_lines import check_commands

    assert check_commands(f"minicoil {base.shlex.join(base._command(SOURCES, 1500, 200))}") == 1
