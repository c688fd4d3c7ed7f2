"""Prose is read to where it is sound, and what is wrong with it is counted and named."""

import gzip
import io
import random

import pytest

from tasks.corpus import corpus_prose
from tasks.corpus.corpus_prose import PROSE, read_prose, said_by
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import RowPlace
from tasks.documents.stretches import Stretch


def read(*specs, **options):
    report = CorpusReport()
    return list(read_corpora([str(spec) for spec in specs], report, **options)), report


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


def test_a_text_over_the_bound_is_read_in_part_and_says_what_to_do(tmp_path, monkeypatch):
    text = "".join(f"Caf\u00e9 number {i} is open. " for i in range(100_000)).encode()
    within = text.index("\u00e9".encode(), 2**20) + 1  # the bound falls into a character
    monkeypatch.setattr(corpus_prose, "MAX_FILE_BYTES", within)
    (tmp_path / "a.txt").write_bytes(text)
    documents, report = read(tmp_path)
    assert len(documents) > 1000 and list(report.n_unusable) == [
        "files over 1 MiB read in part (split them, or give their text as .jsonl)"
    ]


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
    monkeypatch.setattr(corpus_prose, "MAX_FILE_BYTES", 4)
    (one,), report = prose("Caf\u00e9 and more".encode())
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
