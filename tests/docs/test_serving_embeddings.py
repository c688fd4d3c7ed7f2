"""What docs/serving-embeddings.md tells a client to send is answered as it says."""

import json
import re
import shutil
import subprocess

import pytest
from markdown_pages import ROOT, shell_blocks
from vector_server import VectorServer

from tasks.vectors import app, embed_requests

PAGE = ROOT / "docs" / "serving-embeddings.md"


def test_every_status_of_an_answer_is_on_the_page():
    row = next(line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `POST /embed`"))
    names = ("BAD", "TOO_LARGE", "TOO_SLOW", "ENCODED", "FAILED", "BUSY")
    given = {200} | {getattr(embed_requests, name) for name in names}
    assert {int(status) for status in re.findall(r"\b[2-5]\d\d\b", row)} == given
    assert f"within {app.BODY_SECONDS:.0f} s" in row


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here; the page's example needs it")
def test_the_request_on_the_page_is_answered_as_the_page_says(bundle):
    (block,) = shell_blocks(PAGE)
    assert "http://127.0.0.1:8300/" in block.code  # the default port
    with VectorServer(bundle) as server:
        command = block.code.replace("http://127.0.0.1:8300", server.ready["url"])
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, check=True)
    (vector,) = json.loads(done.stdout)["vectors"]
    assert len(vector["indices"]) == len(vector["values"]) == 8  # of two known words, four cells each
    shape = done.stdout
    for numbers in vector.values():
        shape = shape.replace(json.dumps(numbers, separators=(",", ":")), "[...]")
    assert shape == block.printed[0]
