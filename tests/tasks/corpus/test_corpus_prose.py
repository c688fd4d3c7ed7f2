"""Prose is read to where it is sound, and what is wrong with it is counted and named."""

import gzip
import io
import random

import pytest
from read_specs import read

from tasks.corpus import corpus_prose
from tasks.corpus.corpus_prose import PROSE, read_prose, said_by
from tasks.corpus.pieces import cut_corpora, read_piece
from tasks.documents import stretches
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import RowPlace
from tasks.documents.stretches import Stretch


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("kind", ["txt", "md"])
def test_a_packed_text_that_is_cut_is_read_to_where_it_is_cut(tmp_path, kind, encoding):
    rng = random.Random(1)
    text = "\n\n".join(f"Paragraph {i} says caf\u00e9 and {rng.random()} of pods." for i in range(4000))
    (tmp_path / f"a.{kind}.gz").write_bytes(gzip.compress(text.encode(encoding))[:-9000])
    (tmp_path / "b.txt").write_text("Read all the same.")
    documents, report = read(tmp_path)
    found = " ".join(document.body for document in documents)
    assert found.startswith("Paragraph 0 says") and "Paragraph 2000 says" in found and found.endswith("all the same.")
    assert "Paragraph 3999" not in found and list(report.n_unusable) == ["files that cannot be read"]
    assert report.examples["files that cannot be read"][0].startswith(f"{tmp_path}/a.{kind}.gz: Compressed file ended")


def test_a_marked_up_file_over_the_bound_is_read_in_part_and_says_what_to_do(tmp_path, monkeypatch):
    text = "".join(f"Caf\u00e9 number {i} is open. " for i in range(100_000)).encode()
    within = text.index("\u00e9".encode(), 2**20) + 1  # the bound falls into a character
    monkeypatch.setattr(corpus_prose, "HELD_BYTES", within)
    (tmp_path / "a.md").write_bytes(text)
    documents, report = read(tmp_path)
    assert len(documents) > 1000 and list(report.n_unusable) == [
        "files over 1 MiB read in part (split them, or give their text as .jsonl)"
    ]


SEPARATORS = {"paragraphs": "\n\n", "lines": "\n", "lines of Windows": "\r\n", "one line": " "}


@pytest.fixture
def short_parts(monkeypatch):
    """Texts are long from 9,000 bytes on, and read in parts of 2,000."""
    for module in (corpus_prose, stretches):
        monkeypatch.setattr(module, "HELD_BYTES", 9000)
    monkeypatch.setattr(stretches, "LONG_PART", 2000)


def long_text(separator, n=400):
    return separator.join(f"The caf\u00e9 of number {i} opens at nine. " * (1 + i % 3) for i in range(n))


@pytest.mark.parametrize("separator", SEPARATORS.values(), ids=SEPARATORS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_a_text_of_any_length_is_read_to_its_end_by_one_or_in_pieces(tmp_path, short_parts, separator, encoding, name):
    text = long_text(separator)
    data = text.encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    documents, report = read(tmp_path / name)
    whole = " ".join(" ".join(document.body for document in documents).split())
    assert whole == " ".join(text.split()) and report.rows() == []
    pieces = list(cut_corpora([str(tmp_path / name)], CorpusReport(), 2500))
    assert (len(pieces) > 10) is (name == "a.txt" and encoding != "utf-16")
    parts = CorpusReport()
    assert [document for piece in pieces for document in read_piece(piece, parts)] == documents and parts.rows() == []


def test_a_long_text_that_is_cut_or_damaged_is_read_to_there_and_each_damage_named(tmp_path, short_parts):
    rng = random.Random(1)
    data = "\n".join(f"The caf\u00e9 of number {i} has {rng.random()} tables at nine." for i in range(600)).encode()
    (tmp_path / "cut.txt.gz").write_bytes(gzip.compress(data)[:-3000])
    damaged = bytearray(data)
    for at in (100, 15_000):
        damaged[at] = 0xFF
    (tmp_path / "damaged.txt").write_bytes(damaged)
    documents, report = read(tmp_path)
    shown = f"{tmp_path}/damaged.txt: byte "
    assert report.examples["files with bytes that are not UTF-8 (replaced)"] == [f"{shown}100", f"{shown}15000"]
    (cut,) = report.examples["files that cannot be read"]
    assert cut.startswith(f"{tmp_path}/cut.txt.gz: Compressed file ended")
    found = {name: " ".join(d.body for d in documents if d.doc == name) for name in ("cut.txt.gz", "damaged.txt")}
    assert "number 200 has" in found["cut.txt.gz"] and "number 599 has" not in found["cut.txt.gz"]
    assert "number 599 has" in found["damaged.txt"]


TEXT = "A caf\u00e9 opens \U0001f600 at nine."


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_two_byte_text_without_its_mark_is_refused_by_name(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes(TEXT.encode(encoding))
    (tmp_path / "b.jsonl").write_bytes('{"text": "Some text."}'.encode(encoding))
    (tmp_path / "c.txt").write_text("Plain prose with one zero byte \0 in it.")
    documents, report = read(tmp_path)
    assert [d.body for d in documents] == ["Plain prose with one zero byte   in it."]
    assert report.n_unusable == {
        "files full of zero bytes: no text, or UTF-16 without its mark": 1,
        "lines that are not JSON": 1,
    }


def prose(data, kind=".txt", stretch=None, name="notes/my_old-page.tar.txt.gz"):
    report = CorpusReport()
    place = RowPlace("/notes", name, "shown")
    return list(read_prose(io.BytesIO(data), kind, place, report, stretch)), report


def test_documents_are_called_by_their_file_and_titled_by_what_a_person_reads_of_its_name():
    (one,), report = prose(b"Pods run here.")
    assert (one.doc, one.title, one.body) == ("notes/my_old-page.tar.txt.gz", "my old page.tar", "Pods run here.")
    assert report.rows() == []


@pytest.mark.parametrize("kind", PROSE)
def test_every_kind_says_the_same_of_plain_words(kind):
    (one,), _ = prose(b"Pods run here.", kind)
    assert one.body == "Pods run here."


@pytest.mark.parametrize(("data", "kind"), [(b"", ".txt"), (b" \n\n ", ".md"), (b"<script>x</script>", ".html")])
def test_a_file_without_prose_is_named(data, kind):
    documents, report = prose(data, kind)
    assert documents == [] and report.examples == {"files without prose": ["shown"]}


def test_bytes_that_are_no_text_are_replaced_and_named_with_the_first_of_them():
    (one,), report = prose(b"caf\xe9 and more")
    assert one.body == "caf\ufffd and more"
    assert report.examples == {"files with bytes that are not UTF-8 (replaced)": ["shown: byte 3"]}


def test_half_a_character_where_a_whole_file_ends_is_damage_and_where_it_was_cut_is_none(monkeypatch):
    (one,), report = prose("Caf\u00e9".encode()[:-1])
    assert one.body == "Caf\ufffd" and list(report.n_unusable) == ["files with bytes that are not UTF-8 (replaced)"]
    monkeypatch.setattr(corpus_prose, "HELD_BYTES", 4)
    (one,), report = prose("Caf\u00e9 and more".encode(), ".md")
    assert one.body == "Caf" and list(report.n_unusable)[0].startswith("files over 0 MiB read in part")


def test_a_stretch_is_those_bytes_and_the_first_one_passes_the_mark():
    data = b"\xef\xbb\xbfPods run.\n\nNodes wait.\n\nKernels sleep."
    cut = data.index(b"Nodes")
    assert [[d.body for d in prose(data, stretch=Stretch(*span, 1))[0]] for span in ((0, cut), (cut, None))] == [
        ["Pods run."],
        ["Nodes wait.\n\nKernels sleep."],
    ]


def test_a_file_that_fails_is_read_to_there_and_one_that_fails_at_once_is_its_readers_error():
    class Failing(io.BytesIO):
        def read1(self, size=-1):
            if data := super().read1(min(size, 8)):
                return data
            raise EOFError("it ends too early")

    report, place = CorpusReport(), RowPlace("/a", "a.txt", "shown")
    (one,) = read_prose(Failing(b"Pods run here."), ".txt", place, report)
    assert one.body == "Pods run here."
    assert report.examples == {"files that cannot be read": ["shown: it ends too early"]}
    with pytest.raises(EOFError):
        list(read_prose(Failing(b""), ".txt", place, report))


def test_an_error_of_the_system_says_what_it_was_and_not_its_number():
    assert said_by(PermissionError(13, "Permission denied", "/a")) == "Permission denied"
    assert said_by(OSError("Not a gzipped file")) == "Not a gzipped file" and said_by(EOFError("x")) == "x"
