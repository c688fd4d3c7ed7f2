"""`minicoil adopt` as a person calls it, on a home of its own."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from flows.cli import main
from tasks.points import CollectionSchema, Point
from tasks.qdrant import open_points

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own
TEXT = "{title}\\n{meta.body}"


@pytest.fixture
def home(tmp_path, tiny_encoder, monkeypatch):
    """A home whose engine has a collection that this service knows nothing of."""
    monkeypatch.setenv("PREFECT_API_URL", "")
    with open_points(tmp_path) as points:
        points.ensure("docs", CollectionSchema(dense={"dense": 3}))
        rows = [
            Point(
                i, {"title": f"pods {i}", "meta": {"body": "a node of the cluster"}}, {"dense": np.ones(3, np.float32)}
            )
            for i in range(40)
        ]
        points.upsert("docs", [*rows, Point(99, {"other": 1}, {"dense": np.ones(3, np.float32)})])
    return tmp_path


def call(home, *arguments, as_json=True):
    options = ["--home", str(home), *(["--json"] if as_json else [])]
    answer = CliRunner().invoke(main, [*arguments, *options])
    return answer.exit_code, (json.loads(answer.stdout) if as_json and answer.stdout else answer.output)


def test_a_collection_is_looked_at_adopted_searched_and_left(home, tiny_encoder):
    adopt = ("adopt", "docs", "--text", TEXT, "--encoder", str(tiny_encoder))
    status, plan = call(home, *adopt, "--dry-run")
    assert status == 0 and plan["dry_run"] and (plan["n_due"], plan["n_without_text"]) == (41, 1)
    status, done = call(home, *adopt)
    assert status == 0 and (done["n_written"], done["n_without_text"], done["n_due"]) == (40, 1, 0)
    status, found = call(home, "search", "docs", "pods 7", "--compare")
    assert status == 0 and found["results"][0]["id"] == 7 and found["bm25"][0]["id"] == 7
    status, text = call(home, "adopt", "docs", as_json=False)
    assert status == 0 and "41 points; 0 written, 0 left, 1 without text" in text and "no text point 99" in text
    status, text = call(home, "adopt", "docs", "--undo", as_json=False)
    assert status == 0 and "40 of 41 points" in text
    status, answer = call(home, "adopt", "docs", "--undo")
    assert status == 1 and "nothing to undo" in answer["message"]
    with open_points(home) as points:
        assert not points.describe("docs").sparse
        assert {name for page in points.scroll("docs") for p in page for name in p.payload} == {
            "title",
            "meta",
            "other",
        }


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("docs",), 2, "say where texts are"),
        (("docs", "--text", "{t}", "--part", "3/2"), 2, "the first number is at most the second"),
        (("docs", "--undo", "--part", "1/2"), 2, "leave part out"),
        (("nope", "--text", "{t}"), 1, "'nope' was not found"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(home, arguments, status, message):
    found, answer = call(home, "adopt", *arguments)
    assert found == status and message in answer["message"]
