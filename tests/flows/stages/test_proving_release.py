"""Layers that hurt retrieval are taken back and what is left is judged again, before anybody may see the release."""

from types import SimpleNamespace

import numpy as np
import pytest

from flows.forms.parameters import ExtendParameters
from flows.stages import proving_release
from flows.stages.steps import Clock
from minicoil.config import RetrievalGateConfig
from minicoil.words.ledger import WordRecord
from tasks.report.release_report import ReportRequest
from tasks.training.word_memory import WordResult


def result(word, weights=True, verdict="accepted"):
    return WordResult(WordRecord(word, verdict, "held-out"), np.zeros((2, 2), np.float32) if weights else None)


class Bench:
    """Assembles and judges in names alone: a release is the words that have a new layer."""

    def __init__(self, hurting=()):
        self.hurting, self.built, self.judged, self.told = set(hurting), [], [], []

    def assemble(self, draft, results):
        words = [r.record.word for r in results if r.weights is not None]
        self.built.append(words)
        return SimpleNamespace(folder="f", vocabulary=words)

    def prove(self, job, built, results, config):
        words = [r.record.word for r in results if r.weights is not None]
        self.judged.append((words, config))
        hurting = sorted(self.hurting.intersection(words))
        return SimpleNamespace(
            verdict=SimpleNamespace(hurting=hurting), evaluated=[], to_row=lambda: {"hurting": hurting, "judged": words}
        )


@pytest.fixture
def proven(monkeypatch):
    """A function that proves a release of these results, and what it did on the way."""

    def prove(results, hurting=(), **asked):
        bench = Bench(hurting)
        monkeypatch.setattr(proving_release, "assemble_step", bench.assemble)
        monkeypatch.setattr(proving_release, "_prove", bench.prove)
        monkeypatch.setattr(proving_release, "write_card", lambda *_: None)
        monkeypatch.setattr(proving_release, "report_step", lambda *given: bench.told.append(given[-1]))
        job = SimpleNamespace(
            parameters=ExtendParameters(corpus=["x"], **asked), clock=Clock(), points=None, place=None, records=[],
            parent=SimpleNamespace(vocabulary=SimpleNamespace(known_words=("old",))), plan=SimpleNamespace(role_model="m"),
        )  # fmt: skip
        built = SimpleNamespace(folder="f", vocabulary="first")
        return proving_release.prove_release(job, None, built, results), bench, built

    return prove


def test_nobody_asked_and_nothing_is_judged(proven):
    found, bench, built = proven([result("pod")], evaluate=False)
    assert found.built is built and found.facts == {} == found.returned and not bench.judged and not bench.told


def test_what_hurts_nobody_is_published_as_it_was_assembled(proven):
    found, bench, built = proven([result("pod"), result("node")])
    assert found.built is built and found.returned == {} and len(bench.judged) == 1 and not bench.built
    assert found.facts == {"retrieval_gate": {"hurting": [], "judged": ["pod", "node"]}} and len(bench.told) == 1


def test_words_that_hurt_are_taken_back_and_the_rest_is_judged_again(proven):
    found, bench, _ = proven(
        [result("pod"), result("node"), result("old"), result("left", weights=False)], ["pod", "old"]
    )
    assert bench.built == [["node"]] and [words for words, _ in bench.judged] == [["pod", "node", "old"], ["node"]]
    assert found.built.vocabulary == ["node"] and found.facts["retrieval_gate"]["judged"] == ["node"]
    assert {word: r.record.verdict for word, r in found.returned.items()} == {"pod": "kept_bm25", "old": "unchanged"}
    assert all(r.weights is None for r in found.returned.values())


def test_where_every_layer_hurts_the_gate_has_to_say_so(proven):
    found, bench, built = proven([result("pod")], ["pod"])
    assert found.built is built and found.returned == {} and found.facts["retrieval_gate"]["hurting"] == ["pod"]
    assert len(bench.judged) == 1


def test_a_quick_look_judges_on_few_and_draws_few_maps(proven):
    _, bench, _ = proven([result("pod")], judge_at_most=20)
    assert bench.judged[0][1] == RetrievalGateConfig.at_most(20) and bench.told[0].maps == 6
    _, bench, _ = proven([result("pod")])
    assert bench.judged[0][1] == RetrievalGateConfig() and bench.told[0].maps == ReportRequest.maps
