"""Docstrings become documents, and no package is imported for them."""

import sys

import pytest

from minicoil.errors import CorpusError, UsageError
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport

LONG = "A flow takes its tasks in the order in which they depend on one another."


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that breaks whoever imports it."""
    folder = tmp_path / "mc_sample"
    (folder / "inner").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "__init__.py").write_text(f'"""{LONG}"""\nraise RuntimeError("imported")\n')
    (folder / "inner" / "__init__.py").write_text("")
    (folder / "inner" / "state.py").write_text(
        "try:\n    import nothing\nexcept ImportError:\n"
        f'    class State:\n        """State. {LONG}"""\n'
        f'        def run(self):\n            """Run. {LONG}"""\n'
        f'        def _hidden(self):\n            """Hidden. {LONG}"""\n'
        '        def short(self):\n            """Return self."""\n'
    )
    (folder / "broken.py").write_text("def f(:\n")
    (folder / "tests" / "test_x.py").write_text(f'"""Tests. {LONG}"""')
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def read(spec):
    report = CorpusReport()
    return list(read_corpora([spec], report)), report


def test_each_docstring_is_a_document_titled_with_its_dotted_name(package):
    documents, report = read("pydocs:mc_sample")
    assert [d.title for d in documents] == [
        "mc_sample",
        "mc_sample.inner.state.State",
        "mc_sample.inner.state.State.run",
    ]
    assert {d.doc for d in documents} == {"mc_sample", "mc_sample.inner.state"}
    assert "mc_sample" not in sys.modules
    assert report.examples["docstrings under 8 words"] == ["mc_sample.inner.state.State.short"]
    assert "broken.py" in report.examples["modules that do not parse"][0]


@pytest.mark.parametrize("spec", ["pydocs:mc_sample.inner", "pydocs:mc_sample.inner.state"])
def test_a_part_of_a_package_is_read_without_importing_the_whole(package, spec):
    documents, _ = read(spec)
    assert len(documents) == 2
    assert "mc_sample" not in sys.modules


def test_a_module_of_one_file_is_read():
    documents, _ = read("pydocs:json,textwrap")
    assert any(d.title == "json.dumps" and "Serialize" in d.body for d in documents)
    assert any(d.title == "textwrap.dedent" for d in documents)
    assert all(">>>" not in d.body for d in documents)


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("pydocs:", UsageError, "package names"),
        ("pydocs:scippy", CorpusError, "did you mean.*scipy"),
        ("pydocs:json.nowhere", CorpusError, "json.nowhere"),
        ("pydocs:.", CorpusError, "no installed package"),
        ("pydocs:json,nobody_has_this", CorpusError, "nobody_has_this"),
    ],
)
def test_a_package_that_is_not_there_is_named(spec, error, message):
    with pytest.raises(error, match=message):
        read(spec)
