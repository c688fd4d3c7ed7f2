"""Whatever only looks leaves object store and collections as they are, to the byte, a pending promotion included."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from flows.cli import main
from tasks.catalogue.channels import read_channel, set_pending
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # FastEmbed's own
NEVER_READ = "nothing that was read before stands in this text about kernels and pools"


@pytest.fixture(scope="module")
def home(life, tmp_path_factory):
    """The life's home, in the middle of a promotion back to its first release."""
    home = tmp_path_factory.mktemp("looking") / "home"
    shutil.copytree(life.home, home, ignore=shutil.ignore_patterns("*.sock", "prefect", "runs"))
    current = read_channel(Place.at(home).objects(), "production").current
    set_pending(Place.at(home).objects(), "production", 1, current)
    return home


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """What the commands are given."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "queries.txt").write_text("shortest path between nodes\nweight of an edge\n")
    rows = [{"doc": f"d{i}", "text": f"{NEVER_READ}, {i} times. The graph has {i} nodes."} for i in range(40)]
    (folder / "docs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    beir = folder / "beir"
    (beir / "qrels").mkdir(parents=True)
    (beir / "corpus.jsonl").write_text("\n".join(json.dumps({"_id": row["doc"], "text": row["text"]}) for row in rows))
    (beir / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "kernels 3"}))
    (beir / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td3\t1\n")
    return folder


def content(home):
    """Digest of every object of the store, and of every point of every collection with its vectors."""
    found = {
        f"store/{path.relative_to(home / 'store')}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((home / "store").rglob("*"))
        if path.is_file()
    }
    with Place.at(home).points() as points:
        for name in points.names():
            digest = hashlib.sha256()
            for page in points.scroll(name, None, payload=True, vectors=True):
                for point in page:
                    digest.update(json.dumps([str(point.id), point.payload], sort_keys=True, default=str).encode())
                    for vector_name, vector in sorted(point.vectors.items()):
                        parts = vector if isinstance(vector, np.ndarray) else (vector.indices, vector.values)
                        digest.update(vector_name.encode() + b"".join(np.asarray(part).tobytes() for part in parts))
            found[f"points/{name}"] = digest.hexdigest()
    return found


LOOKING = (
    ("extend", "--mine", "3", "--corpus", "{files}/docs.jsonl", "--min-sentences", "20", "--dry-run"),
    ("extend", "kernels", "--corpus", "{files}/docs.jsonl", "--min-sentences", "20", "--dry-run"),
    ("reencode", "--dry-run"),
    ("words",),
    ("words", "nodes"),
    ("search", "docs", "shortest path"),
    ("search", "docs", "shortest path", "--compare"),
    ("search", "docs", "shortest path", "--explain", "{point}"),
    ("encode", "--channel", "production"),
    ("doctor",),
    ("compare", "1", "2", "docs", "--queries", "{files}/queries.txt"),
    ("evaluate", "{files}/beir"),
    ("evaluate", "{files}/beir", "--in-memory"),
    ("evaluate", "--collection", "docs", "--proxy"),
    ("status",),
    ("release", "list"),
    ("release", "show", "production"),
    ("release", "verify", "production"),
    ("release", "waiting"),
    ("release", "readers"),
    ("release", "audit"),
    ("release", "pull", "production", "{files}/pulled-{n}"),
    ("release", "prune", "--dry-run"),
    ("forget", "--doc", "d1", "--dry-run"),
)


@pytest.mark.timeout(300)
def test_what_only_looks_changes_nothing(home, files):
    before = content(home)
    with Place.at(home).points() as points:
        point = next(iter(points.scroll("docs", None)))[0].id
    for n, arguments in enumerate(LOOKING):
        given = [argument.format(files=files, n=n, point=point) for argument in arguments]
        answer = CliRunner().invoke(main, [*given, "--home", str(home), "--json"], input="a path between nodes\n")
        assert answer.exit_code == 0, (arguments, answer.output)
        after = content(home)
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        assert not changed, (arguments, changed)
    assert read_channel(Place.at(home).objects(), "production").pending == 1


def test_a_dry_run_says_that_a_promotion_is_pending_and_which_sentences_are_new(home, files):
    given = ["extend", "kernels", "--corpus", f"{files}/docs.jsonl", "--min-sentences", "20", "--dry-run"]
    answer = json.loads(CliRunner().invoke(main, [*given, "--home", str(home), "--json"]).stdout)
    assert "the promotion of release 1 is not finished" in answer["message"]
    assert answer["corpus"]["n_sentences"] == answer["corpus"]["n_new"] == 80
    assert [row["word"] for row in answer["words"]] == ["kernel"]


def test_a_dry_run_in_a_home_that_has_nothing_makes_no_collection(tmp_path, files):
    given = ["extend", "kernels", "--corpus", f"{files}/docs.jsonl", "--min-sentences", "20", "--dry-run"]
    answer = CliRunner().invoke(main, [*given, "--home", str(tmp_path / "home"), "--json"])
    assert answer.exit_code == 0, answer.output
    with Place.at(tmp_path / "home").points() as points:
        assert not points.names()
    assert not [path for path in (tmp_path / "home" / "store").rglob("*") if path.is_file()]
