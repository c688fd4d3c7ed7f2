"""What the rules of learning yield, recorded: whoever changes it raises the rule's version, and nobody else need.

Record anew, after raising a version, with `python tests/minicoil/training/test_rules.py`.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from planted_words import planted

from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.text.folding import fold_text
from minicoil.text.sentences import split_sentences
from minicoil.text.snippets import possible_snippets
from minicoil.text.stemming import stem
from minicoil.training.prior import collect_prior, principal_components
from minicoil.training.rules import RULES, rules_digest
from minicoil.training.trainer import train_words
from minicoil.training.validation import apply_layer, judge_new, measure

RECORDED = Path(__file__).with_name("rules.json")
TEXT = (
    "The kernel, i.e. the core of an operating system, schedules processes. Dr. Smith's convolution kernels have 3.5 "
    "million weights! (See fig. 2.) Café owners re-examined the naïve approach; it didn't scale... Ångström units."
)
WORDS = ["kernels", "processes", "universities", "re-examined", "naïve", "running", "matrices", "Ångström"]


PLANTED = [planted(f"w{i}", seed=i) for i in range(12)]


def text_yields():
    """Tokens, stems, sentences, snippets."""
    return {
        "sentences": list(split_sentences(TEXT)),
        "snippets": sorted(possible_snippets("The small kernel schedules many processes at once.", (1, 2))),
        "stems": [stem(fold_text(word)) for word in WORDS],
    }


def training_yields():
    """Held-out triplets, layers and figures of two planted words, by target."""
    prior = collect_prior(PLANTED, principal_components(np.concatenate([s.role for s in PLANTED]), 24))
    found = {}
    for target in ("saturated", "correlation", "ordering"):
        words = train_words(PLANTED[:2], prior, TrainingConfig.for_target(target, 4))
        figures = [
            measure(apply_layer(sample.embeddings, word.weights), word.test)
            for sample, word in zip(PLANTED, words, strict=False)
        ]
        verdicts = [
            judge_new(word.word, f, len(word.test), GateConfig()) for word, f in zip(words, figures, strict=True)
        ]
        found[target] = {
            "test_rows": [np.asarray(word.test.rows[:4]).tolist() for word in words],
            "weights": [np.round(np.abs(word.weights[:3]), 4).tolist() for word in words],
            "ordering": [round(f.ordering, 4) for f in figures],
            "margin": [round(f.margin, 4) for f in figures],
            "verdicts": [verdict.verdict for verdict in verdicts],
        }
    return found


@pytest.fixture(scope="module")
def recorded():
    return json.loads(RECORDED.read_text())


def test_text_yields_what_was_recorded(recorded):
    assert text_yields() == recorded["text"]


def test_training_yields_what_was_recorded(recorded):
    found = training_yields()
    for target, before in recorded["training"].items():
        now = found[target]
        assert now["test_rows"] == before["test_rows"], target
        np.testing.assert_allclose(now["weights"], before["weights"], atol=0.02)  # another machine rounds otherwise
        np.testing.assert_allclose(now["ordering"], before["ordering"], atol=0.01)
        np.testing.assert_allclose(now["margin"], before["margin"], atol=0.01)
        assert now["verdicts"] == before["verdicts"]


def test_the_recording_is_of_these_versions_and_these_settings(recorded):
    assert recorded["versions"] == dict(RULES)
    assert recorded["settings"] == settings()


def settings():
    """Their digest is a part of a layer's own; a default that changes is seen here first."""
    return [str(config) for config in (TrainingConfig(), SamplingConfig(), TripletConfig(), GateConfig())]


def test_a_raised_version_changes_the_digest_and_the_first_ones_is_that_of_the_sources_before():
    assert rules_digest({name: 1 for name in RULES}).startswith("80bf23edcf13689a")
    digests = {rules_digest({**RULES, name: RULES[name] + 1}) for name in RULES}
    assert len(digests | {rules_digest()}) == len(RULES) + 1
    assert rules_digest(dict(reversed(RULES.items()))) == rules_digest()


if __name__ == "__main__":
    found = {"versions": dict(RULES), "settings": settings(), "text": text_yields(), "training": training_yields()}
    RECORDED.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
