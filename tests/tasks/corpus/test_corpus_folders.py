"""Every file once, and what is no file by name."""

import json
import os
import socket

import pytest

from minicoil.errors import CorpusError
from tasks.corpus.corpus_folders import find_files
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport


def files(folder):
    report = CorpusReport()
    return [path.relative_to(folder).as_posix() for path in find_files(folder, report)], report


def read(spec):
    report = CorpusReport()
    return {d.body: d.doc for d in read_corpora([spec], report)}, report


def test_files_come_before_folders_and_both_in_order(tmp_path):
    for name in ("b/x.txt", "a/y.txt", "z.txt", "a/b/c.txt", ".hidden/h.txt", "a/.h.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert files(tmp_path)[0] == ["z.txt", "a/y.txt", "a/b/c.txt", "b/x.txt"]


def test_a_linked_folder_is_read_once_and_cycles_and_links_to_nothing_are_named(tmp_path):
    outside = tmp_path / "outside" / "deep"
    outside.mkdir(parents=True)
    (outside / "o.txt").touch()
    corpus = tmp_path / "corpus"
    (corpus / "inner").mkdir(parents=True)
    (corpus / "inner" / "i.txt").touch()
    (corpus / ".kept").mkdir()
    (corpus / ".kept" / "k.txt").touch()
    (corpus / "a-link").symlink_to(outside)
    (corpus / "b-again").symlink_to(outside)
    (corpus / "c-above").symlink_to(tmp_path / "outside")
    (corpus / "d-inner").symlink_to("inner")
    (corpus / "e-cycle").symlink_to("..")
    (corpus / "f-self").symlink_to("f-self")
    (corpus / "g-nothing.txt").symlink_to(corpus / "absent.txt")
    (corpus / "h-hidden").symlink_to(".kept")
    (corpus / "i-file.txt").symlink_to(outside / "o.txt")
    (outside / "back").symlink_to(corpus)
    found, report = files(corpus)
    assert found == ["i-file.txt", "a-link/o.txt", "h-hidden/k.txt", "inner/i.txt"]
    assert report.n_unusable == {
        "links to nothing": 2,
        "links that lead back to a folder they are in": 2,
        "links to folders that are read at another place": 2,
        "folders that were read through a link": 1,
    }
    assert report.examples["links to nothing"][1] == f"{corpus}/g-nothing.txt -> {corpus}/absent.txt"
    assert report.examples["links that lead back to a folder they are in"][0].startswith(f"{corpus}/e-cycle -> ")


def test_pipes_and_sockets_are_named_and_nobody_waits_for_them(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.txt"))
        assert files(tmp_path)[1].n_unusable == {"things that are neither file nor folder": 2}
    with pytest.raises(CorpusError, match="neither a file nor a folder"):
        read(str(tmp_path / "pipe.txt"))


def test_a_link_to_nothing_given_as_corpus_is_called_that(tmp_path):
    (tmp_path / "x.jsonl").symlink_to("y.jsonl")
    with pytest.raises(CorpusError, match=r"is a link to nothing \(y\.jsonl\)"):
        read(str(tmp_path / "x.jsonl"))


@pytest.mark.parametrize(
    "name",
    ["a [1].jsonl", "what?.jsonl", "a*.jsonl", "a::b.jsonl", "a#b.jsonl", "~x.jsonl", "~nobody/x.jsonl", "hf:x.jsonl"]
    + [
        "pydocs:torch/a.jsonl",
        "qdrant:docs#text.jsonl",
        "%41.jsonl",
        "$HOME.jsonl",
        " a .jsonl",
        "{a,b}.jsonl",
        "-x.jsonl",
    ]
    + ["new\nline.jsonl", "file:/x.jsonl", r"a\xe9.jsonl", "\u202etxt.jsonl", "[bold]x.jsonl"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_whatever_a_path_is_made_of_it_is_that_path(tmp_path, monkeypatch, name, packed):
    import gzip

    monkeypatch.chdir(tmp_path)
    for other in ("a1.jsonl", "ab.jsonl", "a 1.jsonl", "whatx.jsonl"):  # what a pattern would match
        (tmp_path / other).write_text('{"text": "Of another file."}')
    name += ".gz" if packed else ""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps({"text": "Of this file."}).encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if packed else data)
    assert read(name)[0] == {"Of this file.": os.path.basename(name)}
    assert read(str(tmp_path / name))[0] == {"Of this file.": os.path.basename(name)}


@pytest.mark.parametrize(
    "name", [b"caf\xe9.txt", b"\xff\xfe.jsonl", b"caf\xe9.md", b"\x80folder/a.txt", b"\xc3\x28.parquet"]
)
def test_a_file_name_that_is_no_utf8_costs_nothing(tmp_path, name):
    folder = os.fsencode(tmp_path)
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    text = b'{"text": "A row of it."}' if name.endswith(b"jsonl") else b"Prose of it."
    if name.endswith(b"parquet"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        with open(path, "wb") as file:
            pq.write_table(pa.table({"text": ["A row of it."]}), file)
    else:
        with open(path, "wb") as file:
            file.write(text)
    (tmp_path / "plain.txt").write_text("Prose of another.")
    found, report = read(str(tmp_path))
    assert len(found) == 2 and report.rows() == []
    shown = name.decode("utf-8", "backslashreplace")
    assert shown in found.values()
    for doc in found.values():
        doc.encode()
    # the name as it is shown finds the file again, and so does the one the shell hands over
    assert read(f"{tmp_path}/{shown}")[0] == read(os.fsdecode(path))[0]
    os.replace(path, os.path.join(folder, b"broken\xe9.arrow"))
    _, report = read(str(tmp_path))
    assert r"broken\xe9.arrow: " in report.examples["files that cannot be read"][0]


def test_a_spec_that_is_no_path_says_so_whatever_is_in_it(tmp_path):
    for spec in ("caf\udce9.txt", "x" * 5000, "a\0b", "~nobody-of-this-name/x.jsonl", ""):
        with pytest.raises(CorpusError, match=r"not found|holds no file"):
            read(spec)
