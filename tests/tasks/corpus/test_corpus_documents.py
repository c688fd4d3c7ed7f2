"""PDF and Word files: read with the extra, named without it; what is damaged costs itself."""

import gzip
import importlib.util
import zipfile

import docx
import pypdf
import pytest
from pdf_files import pdf

from minicoil.errors import EmptyCorpusError, UsageError
from tasks.corpus import corpus_documents
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport

PAGES = (
    ["The scheduler places each pod on a node. It con-", "siders what a node has left, and goes"],
    ["on to the next one where that is too little."],
)
PROSE = "The scheduler places each pod on a node. It considers what a node has left, and goes on to the next one where that is too little."


def read(path):
    report = CorpusReport()
    return list(read_corpora([str(path)], report)), report


@pytest.mark.parametrize("packed", [False, True])
def test_a_pdf_is_read_across_lines_and_pages(tmp_path, packed):
    path = tmp_path / ("A_guide.pdf.gz" if packed else "A_guide.pdf")
    path.write_bytes(gzip.compress(pdf(*PAGES)) if packed else pdf(*PAGES))
    (found,), report = read(path)
    assert " ".join(found.body.split()) == PROSE and found.title == "A guide" and report.rows() == []


def test_pages_without_text_are_counted_and_a_scan_is_named(tmp_path):
    (tmp_path / "a.pdf").write_bytes(pdf(PAGES[0], [], []))
    (tmp_path / "b.pdf").write_bytes(pdf([]))
    found, report = read(tmp_path)
    assert len(found) == 1 and report.n_unusable == {
        "files with pages that have no text, such as scans": 2,
        "files without prose": 1,
    }
    assert report.examples["files with pages that have no text, such as scans"][0].endswith("a.pdf: 2 pages")


def test_a_word_file_is_read_in_order_tables_and_all(tmp_path):
    made = docx.Document()
    made.add_heading("Of pods", 1)
    made.add_paragraph("The scheduler places each pod on a node.")
    table = made.add_table(rows=2, cols=2)
    table.cell(0, 0).text = "A cell says what a pod is."
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(1, 1).text = "Another cell says more."
    made.add_paragraph("What stands below the table comes last.")
    made.save(str(tmp_path / "a.docx"))
    (found,), report = read(tmp_path / "a.docx")
    assert [line for line in found.body.split("\n") if line] == [
        *("Of pods", "The scheduler places each pod on a node.", "A cell says what a pod is."),
        *("Another cell says more.", "What stands below the table comes last."),
    ]
    assert report.rows() == []


def test_damaged_files_cost_themselves(tmp_path, monkeypatch):
    made = docx.Document()
    made.add_paragraph("The scheduler places each pod on a node.")
    made.save(str(tmp_path / "whole.docx"))
    whole = (tmp_path / "whole.docx").read_bytes()
    (tmp_path / "cut.docx").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "no.docx").write_bytes(b"no archive")
    with zipfile.ZipFile(tmp_path / "other.docx", "w") as archive:
        archive.writestr("a.txt", "no Word file")
    (tmp_path / "no.pdf").write_bytes(b"no document")
    (tmp_path / "nothing.pdf").write_bytes(b"")
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(_file(tmp_path / "w", pdf(*PAGES))))
    writer.encrypt("secret", algorithm="RC4-128")
    with (tmp_path / "secret.pdf").open("wb") as file:
        writer.write(file)
    found, report = read(tmp_path)
    assert len(found) == 1 and report.n_unusable["files that cannot be read"] == 6
    places = " ".join(report.examples["files that cannot be read"]) + str(report.problems)
    assert "no.docx" in places and "File is not a zip file" in places

    monkeypatch.setattr(corpus_documents, "_UNPACKED_BYTES", 1000)
    with pytest.raises(EmptyCorpusError, match="it unpacks to more than"):
        read(tmp_path / "whole.docx")
    with pytest.raises(EmptyCorpusError, match="it needs a password"):
        read(tmp_path / "secret.pdf")


def _file(path, data):
    path.write_bytes(data)
    return str(path)


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name in ("pypdf", "docx") else real(name, *rest)
    )
    (tmp_path / "a.pdf").write_bytes(pdf(*PAGES))
    (tmp_path / "b.txt").write_text("The rest of the folder is read all the same.")
    with pytest.raises(
        UsageError, match=r"a.pdf: .pdf is read by an extra: pip install 'minicoil-service\[documents\]'"
    ):
        read(tmp_path / "a.pdf")
    found, report = read(tmp_path)
    assert len(found) == 1
    assert report.n_unusable == {"files that need pip install 'minicoil-service[documents]'": 1}
