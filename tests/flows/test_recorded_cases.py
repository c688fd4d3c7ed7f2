"""Ten small homes come to what they came to before texts were remembered, and no text is encoded twice on the way."""

import json
from contextlib import chdir

import pytest
from recorded_cases import CASES, RECORDING, differences, machine, make_encoders, run_case

from minicoil.encoder.forward_counts import TRAINING, VECTORS, count_forwards
from minicoil.training.rules import RULES

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's and FastEmbed's own
QUICK = ("taken-back", "refused-small")
SELECTED = [pytest.param(case, id=case.name, marks=[] if case.name in QUICK else pytest.mark.slow) for case in CASES]


@pytest.fixture(scope="module")
def recorded():
    return json.loads(RECORDING.read_text("utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Cases by name, each run once; with what was counted."""
    folder, answers = tmp_path_factory.mktemp("cases"), {}
    with chdir(folder):
        make_encoders(folder)

    def make(case, remembers=True):
        key = (case.name, remembers)
        if key not in answers:
            with chdir(folder), count_forwards() as counts, pytest.MonkeyPatch.context() as patch:
                if not remembers:
                    patch.setenv("MINICOIL_EMBEDDING_CACHE_BYTES", "0")
                answers[key] = run_case(case, folder / ("homes" if remembers else "forgetful")), counts
        return answers[key]

    make.folder = folder
    return make


@pytest.mark.parametrize("case", SELECTED)
def test_vectors_verdicts_and_releases_are_those_recorded(made, recorded, case):
    if recorded["machine"] != machine():
        pytest.skip("recorded on another CPU or with other libraries, whose last digits are others")
    if recorded.get("rules", dict.fromkeys(RULES, 1)) != dict(RULES):
        pytest.skip("recorded under other rules of reading and training: sentences are others; record anew")
    found = differences(json.loads(json.dumps(made(case)[0])), recorded["cases"][case.name])
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("case", SELECTED)
def test_no_text_is_encoded_twice(made, case):
    _, counts = made(case)
    assert counts.n_passes[VECTORS] > case.n_documents and counts.n_passes[TRAINING]
    assert not counts.n_twice.keys() & {VECTORS, TRAINING}


@pytest.mark.parametrize("case", SELECTED)
def test_without_memory_the_same_comes_of_it_by_more_passes(made, case):
    (one, counts), (other, more) = made(case), made(case, remembers=False)
    found = differences(one, other)
    assert not found, "\n".join(found[:20])
    assert more.n_passes[VECTORS] > counts.n_passes[VECTORS] and more.n_twice[VECTORS]


def test_what_is_asked_later_is_encoded_only_where_it_is_new(made):
    from flows.compare_releases import compare_releases
    from flows.evaluate_retrieval import evaluate_retrieval
    from flows.forms import CompareParameters, EvaluateParameters, RebuildParameters
    from flows.rebuild_collection import rebuild_collection

    case = next(case for case in CASES if case.name == "taken-back")
    made(case)
    home = str(made.folder / "homes" / case.name)
    with chdir(made.folder):
        with count_forwards() as counts:
            evaluate_retrieval(EvaluateParameters(home=home, collection="docs", in_memory=True))
            rebuild_collection(RebuildParameters(home=home, source="docs", target="copy"))
        assert VECTORS not in counts.n_passes
        (made.folder / "queries.txt").write_text("pod container cluster\ncell battery\nnothing of it\n")
        with count_forwards() as counts:
            compare_releases(CompareParameters(home=home, one=1, other=1, collection="docs", queries="queries.txt"))
        assert counts.n_passes == {VECTORS: 2}  # the third has no known word
