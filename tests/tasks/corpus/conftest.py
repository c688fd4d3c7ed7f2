"""A folder with a file of some of the kinds that are read."""

import gzip
import json

import pytest


@pytest.fixture
def folder(tmp_path):
    rows = [
        {"text": "One row is one point.", "title": "Rows", "_id": "7"},
        {"text": "A second row of text.", "doc": "d"},
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with gzip.open(tmp_path / "packed.jsonl.gz", "wt") as file:
        file.write(json.dumps({"text": "A row out of a packed file."}))
    (tmp_path / "page.md").write_text("# Title\n\nProse of a page.\n\n```py\ncode = 1\n```\n")
    (tmp_path / "page.html").write_text("<p>Prose of <b>HTML</b>.</p><script>var x;</script>")
    return tmp_path
