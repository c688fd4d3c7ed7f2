"""What an evaluation answers: the figures of every set, and what the gate would say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minicoil.config import RetrievalGateConfig
from minicoil.retrieval import hurting_words, judge_release, result_row
from tasks.place import Place
from tasks.points import PointStore
from tasks.proof.evaluating import Evaluated, evidence_of, find_training_text


def answer_evaluation(
    evaluated: Sequence[Evaluated], place: Place, points: PointStore, role_model: str, language: str = "en"
) -> dict[str, Any]:
    """The first set's figures at the top, every set's under `sets`, the verdict under `gate`.

    Args:
        evaluated: One set or more.
        place, points: Where the sentences are that models were trained on.
        role_model, language: Of the release, by which these sentences are kept.
    """
    config = RetrievalGateConfig()
    hurting = hurting_words([entry.effects for entry in evaluated], config)
    verdict = judge_release([evidence_of(entry) for entry in evaluated], config, hurting)
    sets = [
        {
            **result_row(entry.result),
            "trained_on": find_training_text(place, points, entry.result.data, role_model, language),
            "seconds": entry.seconds,
        }
        for entry in evaluated
    ]
    return {**sets[0], "sets": sets, "gate": verdict.to_row()}
