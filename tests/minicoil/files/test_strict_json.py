"""Every document that is stored goes through one reader and one writer."""

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from minicoil.files.strict_json import finite, parse_json, write_json

ROOT = Path(__file__).parents[3]
# text of strangers, and documents for programs other than this one
OTHERS = {
    "minicoil/files/strict_json.py",
    "minicoil/encoder/export.py",  # an encoder's own files
    "minicoil/text/quotes.py",  # one string of a page
    "tasks/corpus/corpus_files.py", "tasks/corpus/corpus_rows.py", "tasks/proof/beir.py", "tasks/collections/encoding.py",  # rows of a corpus: a NaN beside the text is no matter
    "tasks/store/formats.py",  # what is left of a damaged document
    "tasks/models/encoder_check.py",  # an encoder's own file
    "tasks/qdrant/server_calls.py",  # an answer of Qdrant
    "tasks/report/word_page.py",  # a script's data
    "flows/screen.py", "deployments/serving.py", "deployments/tour.py",  # answers, not stored
}  # fmt: skip


@pytest.mark.parametrize(
    "text", ["NaN", "[1, Infinity]", '{"a": -Infinity}', "1e309", '{"a": [-1e400]}', "[" * 100_000, "", "{", "1" * 5000]
)
def test_what_no_other_reader_takes_is_refused(text):
    with pytest.raises(ValueError):
        parse_json(text)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_never_written(number):
    with pytest.raises(ValueError):
        write_json({"a": [number]})
    assert json.loads(write_json(finite({"a": (number, 1.5)}))) == {"a": [None, 1.5]}


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**60), 2**60)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    )
)
def test_what_is_written_is_read_as_it_was(document):
    assert parse_json(write_json(document, indent=1)) == document == parse_json(write_json(document, ascii_only=True))


def test_no_module_reads_or_writes_stored_json_by_itself():
    """`json.dumps` stays where `allow_nan=False` says that nothing else comes out."""
    found = []
    for room in ("minicoil", "tasks", "flows", "deployments"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text())):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                    continue
                strict = any(k.arg == "allow_nan" and getattr(k.value, "value", True) is False for k in node.keywords)
                if name not in OTHERS and (
                    (
                        getattr(node.func.value, "id", "") == "json"
                        and node.func.attr in ("loads", "dumps", "load", "dump")
                        and not strict
                    )
                    or node.func.attr in ("model_validate_json", "model_dump_json")
                ):
                    found.append(f"{name}:{node.lineno}")
    assert found == []
