"""Inputs as people really have them, through whole flows: nothing is lost, and what is odd is named."""

import json
import math
import random
from itertools import product

import pytest
from click.testing import CliRunner

from flows.cli import main
from minicoil.errors import CorpusError

SIZES, DEEDS, PLACES = (
    ["old", "quiet", "famous", "small", "noisy"],
    ["serves", "offers", "bakes", "sells"],
    ["near the station", "by the river", "under the old bridge", "at the market"],
)


def run(home, encoder, flow="index", **values):
    from flows.extend_vocabulary import extend_vocabulary
    from flows.forms import ExtendParameters, IndexParameters
    from flows.index_collection import index_collection

    values = {"home": str(home), "encoder": str(encoder), **values}
    if flow == "index":
        return index_collection(IndexParameters(**values))
    return extend_vocabulary(ExtendParameters(**values, evaluate=False))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("odd") / "home"


@pytest.fixture
def two_files(tmp_path):
    for name, thing in (("a", "apples"), ("b", "ships")):
        rows = ({"_id": i, "text": f"Entry {i} of a file speaks about {thing} at length."} for i in range(5))
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_two_files_with_the_same_ids_are_ten_points_and_the_clash_is_told(home, tiny_encoder, two_files):
    result = run(home, tiny_encoder, collection="apart", corpus=[str(two_files)])
    assert (result["n_points"], result["n_written"], result["n_clashes"]) == (10, 10, 5)
    (row,) = result["unusable"]
    assert row["n"] == 5 and "b.jsonl:1: id '0' is that of" in row["examples"][0]
    again = run(home, tiny_encoder, collection="apart", corpus=[str(two_files)])
    assert (again["n_points"], again["n_written"], again["n_skipped"]) == (10, 0, 10)


def test_whoever_wants_it_is_refused_before_anything_is_written_or_keeps_the_last(home, tiny_encoder, two_files):
    values = {"collection": "other", "corpus": [str(two_files)]}
    with pytest.raises(CorpusError, match="5 documents have the id of another"):
        run(home, tiny_encoder, on_duplicate="refuse", **values)
    shown = CliRunner().invoke(main, ["search", "other", "ships", "--home", str(home)])
    assert "'other' was not found" in shown.stderr
    assert run(home, tiny_encoder, on_duplicate="keep-last", **values)["n_points"] == 5
    assert run(home, tiny_encoder, on_duplicate="keep-last", **values)["n_written"] == 0
    answer = CliRunner().invoke(main, ["search", "other", "ships apples", "--json", "--home", str(home)])
    assert all("ships" in row["text"] for row in json.loads(answer.stdout)["results"])


def test_a_word_with_accents_trains_on_all_its_sentences_whoever_writes_it_how(home, tiny_encoder, tmp_path):
    texts = (
        f"The {size} caf\u00e9 {where} {deed} tea and cake until {hour} at night."
        for hour, (size, deed, where) in enumerate(product(SIZES, DEEDS, PLACES))
    )
    corpus = tmp_path / "cafe.jsonl"
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    words = tmp_path / "words.txt"
    words.write_bytes("overal\nCAF\u00c9\ncafe\u0301\n".encode("utf-16"))
    values = {"corpus": [str(corpus)], "words_file": str(words), "min_sentences": 10}
    dry = run(home, tiny_encoder, "extend", dry_run=True, **values)
    assert [row["word"] for row in dry["words"]] == ["cafe"]
    assert dry["refused_words"][0]["word"] == "overal" and "stopword" in dry["refused_words"][0]["reason"]
    answer = run(home, tiny_encoder, "extend", **values)
    verdicts = {row["word"]: row for row in answer["words"]}
    assert verdicts["cafe"]["n_sentences"] == 80 and verdicts["cafe"]["ordering_accuracy"] is not None
    assert verdicts["overal"]["verdict"] == "failed" and answer["refused_words"] == dry["refused_words"]
    # the same file with another word is another request
    words.write_text("station")
    answer = run(home, tiny_encoder, "extend", **values)
    assert [row["word"] for row in answer["words"]] == ["station"]


def test_one_word_of_a_long_file_that_is_none_stops_none_of_the_others(home, tiny_encoder, tmp_path):
    words = ["".join(parts) for parts in product("bdfgklmnprtvwxyz", "ao", "bdgklmpt", "o")][:255]
    rounds = [random.Random(turn).sample(words, len(words)) for turn in range(12)]
    texts = [f"We met {' '.join(mixed[start : start + 15])}." for mixed in rounds for start in range(0, 255, 15)]
    corpus = tmp_path / "words.jsonl"
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    file = tmp_path / "words.txt"
    file.write_text("\n".join([*words[:100], "overal", *words[100:]]))
    values = {"corpus": [str(corpus)], "words_file": str(file), "min_sentences": 10}
    answer = run(home, tiny_encoder, "extend", dry_run=True, **values)  # that it trains: the test above
    assert [row["word"] for row in answer["refused_words"]] == ["overal"]
    assert len(words) == 255 and {row["word"] for row in answer["words"]} == set(words)


def test_more_words_than_a_form_takes_point_to_a_file(tmp_path):
    words = [f"word{i}" for i in range(5001)]
    answer = CliRunner().invoke(main, ["extend", *words, "--corpus", "pydocs:json", "--home", str(tmp_path)])
    assert answer.exit_code == 2 and "5,001 words were given" in answer.stderr and "--words-file" in answer.stderr


@pytest.mark.parametrize("name", ["cl?ean [1] #%41", "caf\u00e9 \U0001f600"])
def test_a_home_of_any_name_stays_in_its_folder(tiny_encoder, tmp_path, two_files, name):
    home = tmp_path / "homes" / name
    home.parent.mkdir()
    assert run(home, tiny_encoder, collection="docs", corpus=[str(two_files)])["n_points"] == 10
    found = CliRunner().invoke(main, ["search", "docs", "ships", "--json", "--home", str(home)])
    assert len(json.loads(found.stdout)["results"]) == 5
    assert [path.name for path in home.parent.iterdir()] == [name]


def write_beir_self(folder):
    """Six documents that differ in two words each; the first three ask as well, each for the one three further on."""
    things = ["apples", "ships", "clouds", "stones", "rivers", "lamps"]
    rows = [{"_id": f"x{i}", "text": f"Document {i} speaks about {thing} at length."} for i, thing in enumerate(things)]
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("\n".join(json.dumps({**row, "title": ""}) for row in rows))
    (folder / "queries.jsonl").write_text("\n".join(json.dumps(row) for row in rows[:3]))
    (folder / "qrels" / "test.tsv").write_text("x0 0 x3 1\nx1 0 x4 1\nx2 0 x5 1\n")
    return folder


def check_beir_self(folder, home, bundle):
    from flows.evaluate_retrieval import evaluate_retrieval
    from flows.forms import EvaluateParameters

    for in_memory in (True, False):
        values = {"home": str(home), "folder": str(folder), "model": str(bundle), "in_memory": in_memory}
        found = evaluate_retrieval(EvaluateParameters(**values))
        # the five others are equal for BM25 and come by id, the largest first: the answers are third, second and first
        dcg = (1 / math.log2(4) + 1 / math.log2(3) + 1) / 3
        wanted = {"ndcg@10": round(dcg, 4), "mrr@10": round((1 / 3 + 1 / 2 + 1) / 3, 4), "recall@100": 1.0}
        assert found["bm25"] == found["minicoil"] == wanted
        (own,) = (row for row in found["problems"] if "documents of the corpus themselves" in row["reason"])
        assert (own["n"], own["examples"]) == (3, ["x0", "x1", "x2"])


def test_queries_that_are_documents_rank_the_others_in_an_order_that_can_be_computed_by_hand(home, bundle, tmp_path):
    check_beir_self(write_beir_self(tmp_path / "set"), home, bundle)


def test_a_public_set_that_was_read_before_is_measured_by_its_name_without_network(home, bundle):
    write_beir_self(home / "cache" / "sets" / "nanobeir-arguana@main")
    check_beir_self("NanoBEIR:ArguAna", home, bundle)


@pytest.fixture
def cases(shared_data):
    """Folder of inputs that failed once, beside the real text."""
    folder = shared_data.parent / "cases"
    if not folder.is_dir():
        pytest.skip(
            f"inputs that failed once were not found at {folder}; set MINICOIL_SHARED_DATA to a folder beside it"
        )
    return folder


CASE_POINTS = {
    "sameid": 10,
    "sameid1": 6,
    "doc0": 3,
    "pq[1]": 2,
    "pqgz2": 2,
    "utf16": 2,
    "parquet": 1,
    "nasty.jsonl": 8,
    "cafe.jsonl": 90,
    "collide.jsonl": 5,
}


@pytest.mark.shared
@pytest.mark.parametrize("case", CASE_POINTS)
def test_inputs_that_failed_once_are_read(cases, case):
    from tasks.corpus.specs import read_corpora
    from tasks.documents.corpus_report import CorpusReport

    documents = list(read_corpora([str(cases / case)], CorpusReport()))
    assert len({document.id for document in documents}) == CASE_POINTS[case]
    if case == "doc0":
        assert [document.doc for document in documents] == ["0", "1", "2"]


@pytest.mark.shared
def test_a_set_that_failed_once_comes_out_right(cases, home, bundle):
    check_beir_self(cases / "beir_self", home, bundle)


@pytest.mark.shared
def test_lists_that_failed_once_are_read_whole(cases):
    from tasks.corpus.query_log import read_queries
    from tasks.corpus.word_list import read_word_file
    from tasks.documents.corpus_report import CorpusReport

    assert list(read_word_file(str(cases / "w_bom.txt"))) == ["pod", "node"]
    queries = [query.text for query in read_queries(str(cases / "q_bom.txt"), CorpusReport())]
    assert queries == ["pool of workers", "C# generics", "#hashtag search", "issue #42 in pods"]
