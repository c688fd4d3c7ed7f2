"""Runs say in name and tags what they are about, on a server; and nothing that a page's reader would trip over."""

import pytest
from pydantic import BaseModel

from flows.forms.expansion_parameters import ReencodeParameters
from flows.forms.parameters import ExtendParameters, IndexParameters, RebuildParameters, RetrainParameters
from flows.forms.proof_parameters import CompareParameters, EvaluateParameters
from flows.forms.release_parameters import PromoteParameters, RollbackParameters
from flows.forms.status_parameters import StatusParameters
from flows.forms.upkeep_parameters import ReapParameters, ShardParameters
from flows.orchestration.run_names import name_run, tag_run
from flows.orchestration.running import flow

SHARD = "shards/0123456789abcdef01234567/0.json.gz"
NAMES = (
    (ExtendParameters(corpus=["x"], words=["pod", "taint"]), "production: pod, taint"),
    (ExtendParameters(corpus=["x"], words=list("abcde"), channel="staging"), "staging: a, b, c and 2 more"),
    (ExtendParameters(corpus=["x"]), "production: mined words"),
    (ExtendParameters(corpus=["x"], mine=200, ambiguous=24), "production: 200 mined words, 24 ambiguous words"),
    (
        ExtendParameters(corpus=["x"], words_file="/a/terms.txt", dry_run=True),
        "production: words of terms.txt (dry run)",
    ),
    (RetrainParameters(corpus=["x"]), "production: served words"),
    (RetrainParameters(corpus=["x"], below=0.65), "production: served words below 0.65"),
    (IndexParameters(corpus=["x"], collection="docs"), "production: docs"),
    (ReencodeParameters(collections=["docs", "wiki"], part="2/4"), "production: docs, wiki, part 2/4"),
    (RebuildParameters(source="docs", target="docs-2"), "production: docs to docs-2"),
    (PromoteParameters(release=7), "production: release 7"),
    (RollbackParameters(), "production"),
    (CompareParameters(one=0, other=4, collection="docs", queries="q"), "docs, releases 0 and 4"),
    (EvaluateParameters(folder="sets/scifact"), "production: scifact"),
    (StatusParameters(), "the whole service"),
    (ReapParameters(), "the whole service"),
    (ShardParameters(shard=SHARD), SHARD),
)


@pytest.mark.parametrize(("parameters", "name"), NAMES, ids=[name for _, name in NAMES])
def test_a_name_says_channel_and_words(parameters, name):
    assert name_run(parameters) == name


def test_a_name_is_one_harmless_line_of_bounded_length():
    assert name_run({"words": ["a\nrelease 7", "\x1b[31m"]}) == r"a\nrelease 7, \x1b[31m"
    assert len(name_run({"words": ["w" * 400] * 3})) == 120


@pytest.mark.parametrize("refused", [None, {}, {"words": "pod"}, {"words": 3, "mine": "x", "collections": None}])
def test_what_no_form_accepted_has_a_name_too(refused):
    assert name_run(refused) and tag_run(refused) == []


class Asked(BaseModel):
    """A flow's parameters."""

    home: str
    channel: str = "production"
    words: list[str] = []
    collections: list[str] = []


@flow(name="named", description="Does nothing.")
def named(parameters: Asked) -> str:
    return parameters.channel


@pytest.mark.filterwarnings("ignore")  # Prefect's own
def test_a_server_s_run_has_name_and_tags_and_options_keep_them(prefect_server, monkeypatch, tmp_path):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags

    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    named({"home": str(tmp_path), "words": ["pod", "taint"], "collections": ["docs"]})
    named.with_options(name="renamed")(Asked(home=str(tmp_path), words=["lease"], channel="staging"))
    tags = FlowRunFilter(tags=FlowRunFilterTags(any_=["channel:production", "channel:staging"]))
    with get_client(sync_client=True) as client:
        found = {run.name: run.tags for run in client.read_flow_runs(flow_run_filter=tags)}
    assert found["production: pod, taint, docs"] == ["channel:production", "collection:docs"]
    assert found["staging: lease"] == ["channel:staging"]


@flow(name="answering", description="Answers.")
def answering(parameters: Asked) -> dict:
    return {
        "n_points": 3,
        "words": [{"word": "pod"}] * 2,
        "seconds": {"read": 0.5},
        "message": "a\x1b[31m",
        "parent": None,
    }


@pytest.mark.filterwarnings("ignore")  # Prefect's own
def test_what_a_flow_answers_is_on_its_run_s_page(prefect_server, monkeypatch, tmp_path):
    import json

    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    answering(Asked(home=str(tmp_path), words=["shown"]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["result"])))
    (mine,) = [artifact for artifact in found if "production: shown" in artifact.description]
    assert json.loads(mine.data) == [
        {"what": "points", "found": 3},
        {"what": "words", "found": "2 rows"},
        {"what": "seconds", "found": "read 0.5"},
        {"what": "message", "found": r"a\x1b[31m"},
    ]
    assert mine.type == "table" and mine.flow_run_id
