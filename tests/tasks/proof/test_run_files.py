"""Files of TREC: what ir_measures makes of them is what was measured here."""

import ir_measures
import numpy as np
import pytest
from ir_measures import R, nDCG
from plain_encoder import WIDTH, make_plain_encoder

from minicoil.errors import UsageError
from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.retrieval.ranking_order import first_of_each
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.words.vocabulary import Vocabulary
from tasks.proof.contenders import Contenders
from tasks.proof.evaluating import evaluate_set
from tasks.proof.run_files import check_run, write_evaluated, write_run

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
WORDS = ["pod", "node", "kernel", "river", "bank", "pool", "flow", "series", "ring", "graph", "worker", "matrix"]


@pytest.fixture(scope="module")
def evaluated(encoder_folder, tmp_path_factory):
    """Sixty short texts of a dozen words, many of them equal, put to a model that knows eight of these."""
    made = tmp_path_factory.mktemp("models")
    create_empty_bundle(make_plain_encoder(encoder_folder, made / "encoder"), made / "empty")
    vocabulary, ids = Vocabulary.empty().apply({word: [word] for word in WORDS[:8]})
    rng = np.random.default_rng(5)
    rows = {i: rng.normal(size=(WIDTH, 4)).astype(np.float32) for i in ids.values()}
    derive_bundle(made / "empty", made / "model", vocabulary, rows)
    texts = [" ".join(rng.choice(WORDS, rng.integers(1, 5))) for _ in range(60)]
    queries = {f"q{i}": " ".join(rng.choice(WORDS, 2)) for i in range(20)} | {"none": "zzyzx"}
    grades = [0.5, 1.0, 1.5, 3.0]
    relevant = {q: {f"d{d}": float(rng.choice(grades)) for d in rng.choice(60, 4, replace=False)} for q in queries}
    documents = {f"d{i}": text for i, text in enumerate(texts)}
    data = RetrievalSet("small set", "judged", documents, queries, relevant, left_out={"q0": frozenset({"d1", "d2"})})
    return evaluate_set(data, Contenders(made / "model", "model", None, None, "BM25", False), 1.2, 0.75, None)


def test_ir_measures_gives_the_same_figures_for_every_ranking(evaluated, tmp_path):
    written = write_evaluated(str(tmp_path / "small.run"), [evaluated])
    names = ["small.bm25.run", "small.minicoil.run", "small.parent.run", "small.qrels"]
    assert written == [str(tmp_path / name) for name in names]
    judged = list(ir_measures.read_trec_qrels(written[-1]))
    for path, system in zip(written, ("bm25", "minicoil", "parent"), strict=False):
        run = list(ir_measures.read_trec_run(path))
        found = ir_measures.calc_aggregate([nDCG @ 10, R @ 100], judged, run)
        means = evaluated.result.means[system]
        assert found[nDCG @ 10] == pytest.approx(means["ndcg@10"], abs=1e-6)
        assert found[R @ 100] == pytest.approx(means["recall@100"], abs=1e-6)
    figures = [evaluated.result.means[system]["ndcg@10"] for system in ("bm25", "minicoil")]
    assert min(figures) > 0 and figures[0] != figures[1]  # or equal figures would say nothing


def test_a_run_has_trecs_six_columns_and_ranks_by_score(evaluated, tmp_path):
    paths = write_evaluated(str(tmp_path / "small"), [evaluated])
    rows = [line.split(" ") for line in (tmp_path / "small.minicoil.run").read_text().splitlines()]
    assert str(tmp_path / "small.minicoil.run") in paths and {len(row) for row in rows} == {6}
    assert {(row[1], row[5]) for row in rows} == {("Q0", "minicoil")}
    assert {row[0] for row in rows} == {f"q{i}" for i in range(20)}  # nothing answers "zzyzx"
    assert not {row[2] for row in rows if row[0] == "q0"} & {"d1", "d2"}
    for query in {row[0] for row in rows}:
        mine = [row for row in rows if row[0] == query]
        assert [int(row[3]) for row in mine] == list(range(1, len(mine) + 1))
        # as trec_eval sorts them: equal scores by the larger id first
        assert mine == sorted(mine, key=lambda row: (np.float32(row[4]), row[2]), reverse=True)


def test_sets_have_their_names_in_their_files_and_no_file_is_written_unasked(evaluated, tmp_path):
    written = write_evaluated(str(tmp_path / "x.trec"), [evaluated, evaluated])
    assert {"x.small-set.bm25.trec", "x.small-set.qrels"} <= {path.rsplit("/", 1)[1] for path in written}
    assert write_evaluated(None, [evaluated]) == []


def test_ids_that_no_trec_file_holds_are_refused_before_anything_is_ranked(tmp_path):
    def data(doc, query):
        return RetrievalSet("set", "judged", {doc: "text"}, {query: "text"}, {query: {doc: 1.0}})

    check_run(str(tmp_path / "x.run"), [data("d", "q")])
    with pytest.raises(UsageError, match=r"document id 'a b' of 'set' is empty or has a space in it"):
        check_run(str(tmp_path / "x.run"), [data("a b", "q")])
    with pytest.raises(UsageError, match=r"query id 'a\\tb'"):
        check_run(str(tmp_path / "x.run"), [data("d", "a\tb")])
    with pytest.raises(UsageError, match="expected a file in a folder that exists"):
        check_run(str(tmp_path / "nowhere" / "x.run"))
    with pytest.raises(UsageError, match="expected a file in a folder that exists"):
        check_run(str(tmp_path))
    check_run(None, [data("a b", "q")])


def test_scores_keep_what_a_float32_tells_apart(tmp_path):
    one, next_one = np.float32(1.0), np.nextafter(np.float32(1.0), np.float32(2.0))
    write_run(tmp_path / "x.run", {"q": [("b", float(next_one)), ("a", float(one))]}, "tag")
    scores = [np.float32(line.split()[4]) for line in (tmp_path / "x.run").read_text().splitlines()]
    assert scores == [next_one, one]
    assert first_of_each([("a", 2.0), ("b", 1.5), ("a", 1.0)]) == [("a", 2.0), ("b", 1.5)]
