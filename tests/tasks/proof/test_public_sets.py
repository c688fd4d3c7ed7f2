"""Public sets by name: as the hub has them, as a copy without it, and what is said where there is none."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub_double import TOKEN, HubDouble, Repository

from minicoil.errors import CorpusError, UsageError
from tasks.proof.proving import check_judged_sets
from tasks.proof.public_sets import PublicSet, is_public_set, open_set

DOCS = [
    {"_id": "d1", "title": "Pods", "text": "run containers"},
    {"_id": None, "title": "", "text": "nobody's"},
    {"_id": "d2", "title": "", "text": "nodes"},
    {"_id": "d1", "title": "", "text": "again"},
    {"_id": "d3", "title": "", "text": " "},
]
QUERIES = [{"_id": "007", "text": "a pod"}, {"_id": "8", "text": "a node"}, {"_id": "9", "text": "never judged"}]
QRELS = b'query-id\tcorpus-id\tscore\n007\td1\t2\n8\td2\t1\n8\tgone\t1\n8\t\t1\n8\t"d1"\tx\n'


def parquet(rows):
    table = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), table)
    return table.getvalue()


def card(**splits):
    """A data set's card: each configuration has one split, in the folder of its name."""
    lines = [
        f"- config_name: {name}\n  data_files:\n  - split: {split}\n    path: {name}/*.parquet\n"
        for name, split in splits.items()
    ]
    return ("---\nconfigs:\n" + "".join(lines) + "---\n").encode()


def put(hub, name, files, tag=None):
    repository = hub.repositories.setdefault(f"datasets/{name}", Repository(False))
    commit = repository.add(files, "as it is now")
    if tag is not None:
        repository.tags[tag] = commit
    return commit


def beir(docs=DOCS, queries=QUERIES):
    files = {"corpus/0000.parquet": parquet(docs), "queries/0000.parquet": parquet(queries)}
    return {"README.md": card(corpus="corpus", queries="queries"), **files}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    from datasets import config
    from huggingface_hub import HfFileSystem, constants

    with HubDouble() as double:
        for module, name in ((constants, "ENDPOINT"), (config, "HF_ENDPOINT")):
            monkeypatch.setattr(module, name, double.url)
        template = f"{double.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)  # made of HF_ENDPOINT at import
        monkeypatch.setattr(
            config, "HUB_DATASETS_URL", f"{double.url}/datasets/{{repo_id}}/resolve/{{revision}}/{{path}}"
        )
        for module in (constants, config):
            monkeypatch.setattr(module, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        for name in ("HF_DATASETS_CACHE", "DOWNLOADED_DATASETS_PATH", "HF_MODULES_CACHE"):
            monkeypatch.setattr(config, name, tmp_path / "datasets-cache")
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setattr("time.sleep", lambda seconds: None)  # between tries
        HfFileSystem.clear_instance_cache()  # one per process, with the address of the first
        yield double
        HfFileSystem.clear_instance_cache()


def refuse_network(hub, monkeypatch):
    """From here on nothing answers."""
    from datasets import config
    from huggingface_hub import constants

    for module, name in ((constants, "ENDPOINT"), (config, "HF_ENDPOINT")):
        monkeypatch.setattr(module, name, "http://127.0.0.1:9")
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    )


def test_beir_is_read_once_and_its_broken_rows_are_counted_from_the_copy_too(hub, tmp_path):
    put(hub, "BeIR/scifact", beir())
    put(hub, "BeIR/scifact-qrels", {"test.tsv": QRELS, "train.tsv": QRELS.replace(b"007", b"9")})
    data = open_set("BEIR:SciFact", tmp_path)
    assert data.name == "beir:scifact" and data.kind == "judged"
    assert data.documents == {"d1": "Pods\nrun containers", "d2": "nodes"}
    assert data.queries == {"007": "a pod", "8": "a node"}  # not 7: an id is no number
    assert data.relevant == {"007": {"d1": 2}, "8": {"d2": 1}}
    found = {row.reason: (row.n, row.examples) for row in data.problems}
    assert found == {
        "documents without _id or text": (1, ("corpus.jsonl:2",)),
        "documents whose id occurred before (the first counts)": (1, ("corpus.jsonl:4: d1",)),
        "empty documents": (1, ("corpus.jsonl:5",)),
        "judgements that are not query, document, grade": (2, ("test.tsv:5", "test.tsv:6")),
        "judgements of documents that corpus.jsonl does not have": (1, ("8 gone",)),
    }
    asked = hub.asked.total()
    assert open_set("beir:scifact", tmp_path) == data and hub.asked.total() == asked
    assert sorted(path.name for path in (tmp_path / "sets").iterdir()) == ["beir-scifact@main"]


def test_nanobeir_names_what_is_relevant_and_its_grade_is_1(hub, tmp_path):
    files = {
        "README.md": card(corpus="train", queries="train", qrels="train"),
        "corpus/train-0.parquet": parquet([{key: row[key] for key in ("_id", "text")} for row in DOCS]),
        "queries/train-0.parquet": parquet(QUERIES),
        "qrels/train-0.parquet": parquet(
            [
                {"query-id": "007", "corpus-id": "d1"},
                {"query-id": "8", "corpus-id": "d2"},
                {"query-id": "8", "corpus-id": None},
            ]
        ),
    }
    put(hub, "zeta-alpha-ai/NanoFiQA2018", files)
    data = open_set("nanobeir:fiqa2018", tmp_path)
    assert data.name == "nanobeir:fiqa2018" and data.documents["d1"] == "run containers"
    assert data.relevant == {"007": {"d1": 1}, "8": {"d2": 1}}
    assert ("judgements that are not query, document, grade", 1) in [(row.reason, row.n) for row in data.problems]


def test_where_there_is_no_test_split_dev_judges_and_of_ms_marco_always(hub, tmp_path):
    dev, test = QRELS, QRELS.replace(b"007\td1\t2", b"9\td1\t1")
    for name, files in {
        "quora": {"dev.tsv": dev},
        "msmarco": {"dev.tsv": dev, "test.tsv": test, "train.tsv": test},
        "fiqa": {"dev.tsv": dev, "test.tsv": test},
        "nq": {"train.tsv": dev},
    }.items():
        put(hub, f"BeIR/{name}", beir())
        put(hub, f"BeIR/{name}-qrels", files)
    assert list(open_set("beir:quora", tmp_path).queries) == ["007", "8"]
    assert list(open_set("beir:msmarco", tmp_path).queries) == ["007", "8"]
    assert list(open_set("beir:fiqa", tmp_path).queries) == ["9", "8"]
    with pytest.raises(
        CorpusError, match="BeIR/nq-qrels has no split test or validation or dev, but train; name another"
    ):
        open_set("beir:nq", tmp_path)


def test_what_its_owner_left_as_a_script_is_read_from_the_hub_s_own_copy(hub, tmp_path):
    put(hub, "BeIR/scifact-qrels", {"test.tsv": QRELS})
    converted = {
        "corpus/corpus/0000.parquet": parquet(DOCS),
        "corpus/partial-corpus/0000.parquet": parquet(DOCS[:1]),
        "queries/queries/0000.parquet": parquet(QUERIES),
    }
    commit = put(hub, "BeIR/scifact", converted, tag="refs/convert/parquet")
    put(hub, "BeIR/scifact", {"README.md": b"# SciFact\n", "scifact.py": b"raise SystemExit('run')\n"})
    data = open_set("beir:scifact", tmp_path)
    assert set(data.documents) == {"d1", "d2"} and set(data.queries) == {"007", "8"}
    assert open_set(f"beir:scifact@{commit}", tmp_path).documents == data.documents
    with pytest.raises(CorpusError, match="scripts are no longer supported.*name another revision with @"):
        open_set(f"beir:scifact@{hub.repositories['datasets/BeIR/scifact'].head}", tmp_path)


def test_a_revision_is_of_the_texts_and_a_second_one_of_beir_s_judgements(hub, tmp_path):
    old = put(hub, "BeIR/scifact", beir([{"_id": "d1", "title": "", "text": "as it was"}]))
    put(hub, "BeIR/scifact", beir())
    put(hub, "BeIR/scifact-qrels", {"test.tsv": QRELS.replace(b"\t2\n", b"\t3\n")}, tag="v1")
    put(hub, "BeIR/scifact-qrels", {"test.tsv": QRELS})
    earlier = open_set(f"beir:scifact@{old}", tmp_path)
    assert earlier.documents == {"d1": "as it was"} and earlier.relevant == {"007": {"d1": 2}}
    assert earlier.name == f"beir:scifact@{old}"
    both = open_set("beir:scifact@main,v1", tmp_path)
    assert both.documents["d2"] == "nodes" and both.relevant["007"] == {"d1": 3} and both.name == "beir:scifact@main,v1"
    names = {"beir-scifact@main,v1", f"beir-scifact@{old}"}
    assert {path.name for path in (tmp_path / "sets").iterdir()} == names
    with pytest.raises(CorpusError, match="the hub has no BeIR/scifact at revision v9, or your token may not see it"):
        open_set("beir:scifact@v9", tmp_path)
    assert {path.name for path in (tmp_path / "sets").iterdir()} == names


def test_what_breaks_off_leaves_nothing_and_without_network_the_copy_serves(hub, tmp_path, monkeypatch):
    put(hub, "BeIR/scifact-qrels", {"test.tsv": QRELS})
    put(hub, "BeIR/scifact", {**beir(), "queries/0000.parquet": b"no table"})
    with pytest.raises(CorpusError, match=r"^beir:scifact: BeIR/scifact cannot be read .*; run it again, name"):
        open_set("beir:scifact", tmp_path)
    assert list((tmp_path / "sets").iterdir()) == []
    put(hub, "BeIR/scifact", beir())
    check_judged_sets(["beir:scifact"], tmp_path)
    refuse_network(hub, monkeypatch)
    assert len(open_set("beir:scifact", tmp_path).documents) == 2
    with pytest.raises(CorpusError, match="127.0.0.1:9 does not answer") as told:
        open_set("nanobeir:scifact", tmp_path)
    assert "with no network, give a BEIR folder in its place: corpus.jsonl, queries.jsonl" in str(told.value)
    assert "\n" not in str(told.value)


def test_offline_it_says_so_and_a_copy_that_is_not_whole_is_no_copy(tmp_path):
    with pytest.raises(
        CorpusError, match="^beir:scifact: HF_HUB_OFFLINE is set, and .* not read here before; unset it"
    ):
        open_set("beir:scifact", tmp_path)  # the tests' own setting
    folder = tmp_path / "sets" / "beir-scifact@main"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("")
    with pytest.raises(CorpusError, match="HF_HUB_OFFLINE is set"):
        open_set("beir:scifact", tmp_path)


def test_an_unknown_set_is_one_line_with_the_known_ones(tmp_path):
    for name, known in (("beir:sciFacts", "webis-touche2020"), ("nanobeir:quora", "quoraretrieval"), ("BEIR:", "nq")):
        with pytest.raises(UsageError, match="no such set; known are arguana, climate") as told:
            check_judged_sets([name], tmp_path)
        assert known in str(told.value) and "give a BEIR folder in its place" in str(told.value)
        assert "\n" not in str(told.value)
    for name in ("beir:nq@", "beir:nq@../x", "beir:nq@a,", "nanobeir:nq@a,b"):
        with pytest.raises(UsageError, match="expected a branch, tag or commit after '@'"):
            PublicSet.read(name)
    assert PublicSet.read("NanoBEIR:touche2020@refs/pr/1").folder_name == "nanobeir-touche2020@refs%2Fpr%2F1"


def test_a_folder_is_read_as_ever_and_a_path_that_is_there_is_no_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "beir:scifact"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(json.dumps({"_id": "d1", "text": "x"}))
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q1", "text": "y"}))
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t1\n")
    assert not is_public_set("beir:scifact") and is_public_set("beir:nq")
    assert open_set("beir:scifact", tmp_path / "cache").queries == {"q1": "y"}
    with pytest.raises(CorpusError, match="not found; expected a BEIR folder"):
        open_set("sets/scifact", tmp_path / "cache")


def test_a_folder_of_the_repository_s_name_is_not_taken_for_the_hub_s(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "BeIR" / "nq-qrels").mkdir(parents=True)
    with pytest.raises(UsageError, match="the folder BeIR/nq-qrels would be read in place of what the hub has"):
        open_set("beir:nq", tmp_path / "cache")
