"""The flow `evaluate-retrieval`: what a release does for search, against BM25 and against its parent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.forms import EvaluateParameters
from flows.orchestration import flow, show_markdown
from flows.outcomes import EvaluationOutcome
from flows.stages import Clock, evaluate_collection_step, evaluate_step, proxies_step
from minicoil.config import RetrievalGateConfig
from minicoil.retrieval import hurting_words, judge_release, result_row
from tasks.catalogue import open_record, role_model_of
from tasks.collections import open_texts, served_release
from tasks.models import PACKAGED
from tasks.place import Place
from tasks.points import PointStore
from tasks.proof import Evaluated, evidence_of, find_contenders, find_training_text, read_beir


@flow(name="evaluate-retrieval", description="Measure a release against BM25.")
def evaluate_retrieval(parameters: EvaluateParameters) -> EvaluationOutcome:
    """Evaluate on judged queries, or on queries made from a collection; nothing that is served changes."""
    place, clock = parameters.place(), Clock()
    with place.points() as points, clock.timing("total"):
        if parameters.folder is not None and parameters.collection is not None:
            answer = _on_collection(parameters, place, points)
        else:
            answer = _by_release(parameters, place, points)
    _publish_artifact(answer)
    return EvaluationOutcome.of({**answer, "seconds": clock.seconds})


def _on_collection(parameters: EvaluateParameters, place: Place, points: PointStore) -> dict[str, Any]:
    record = open_record(place.objects(), str(parameters.collection))
    data = read_beir(Path(str(parameters.folder)))
    found = evaluate_collection_step(place, points, data, record.name)
    release = served_release(place.objects(), record)
    facts = {"model": f"release {release}", "release": release or None, "collection": record.name}
    role_model = (role_model_of(place.objects(), release) if release else None) or PACKAGED
    return {**facts, **_answer([found], points, role_model)}


def _by_release(parameters: EvaluateParameters, place: Place, points: PointStore) -> dict[str, Any]:
    contenders = find_contenders(place, parameters.channel, parameters.release, parameters.model, parameters.parent)
    engine = None if parameters.in_memory else points
    if parameters.folder is not None:
        data = read_beir(Path(parameters.folder))
        bm25 = (parameters.k, parameters.b, parameters.avg_len)
        evaluated = [evaluate_step(data, contenders, *bm25, engine)]
    else:
        record = open_record(place.objects(), str(parameters.collection))
        texts = open_texts(record, place.cache)
        sets = proxies_step(points, record, texts, contenders.folder, contenders.role_model, RetrievalGateConfig())
        evaluated = [evaluate_step(data, contenders, record.k, record.b, record.avg_len, engine) for data in sets]
    facts = {"model": contenders.name, "release": contenders.release, "parent_model": contenders.parent_name}
    return {**facts, **_answer(evaluated, points, contenders.role_model)}


def _answer(evaluated: list[Evaluated], points: PointStore, role_model: str) -> dict[str, Any]:
    """The first set's figures at the top, every set's below, and what the gate would say of them."""
    config = RetrievalGateConfig()
    hurting = hurting_words([entry.effects for entry in evaluated], config)
    verdict = judge_release([evidence_of(entry) for entry in evaluated], config, hurting)
    sets = [
        {
            **result_row(entry.result),
            "trained_on": find_training_text(points, entry.result.data, role_model),
            "seconds": entry.seconds,
        }
        for entry in evaluated
    ]
    return {**sets[0], "sets": sets, "gate": verdict.to_row()}


def _publish_artifact(answer: Mapping[str, Any]) -> None:
    lines = ["| set | queries | BM25 | miniCOIL | parent | change | 95 % interval |", "|---|---|---|---|---|---|---|"]
    for row in answer["sets"]:
        found = row["against"]["bm25"]["ndcg@10"]
        proxy = " (proxy)" if row["is_proxy"] else ""
        figures = " | ".join(f"{row[name]['ndcg@10']:.4f}" for name in ("bm25", "minicoil", "parent"))
        lines.append(
            f"| {row['set'].replace('|', '/')}{proxy} | {row['n_queries']} | {figures} | {found['change']:+.4f} "
            f"| {found['low']:+.4f} to {found['high']:+.4f} |"
        )
    for row in (row for row in answer["sets"] if row["steps"]):
        taken = "; ".join(f"{step['name']} {step['ndcg@10']:.4f} ({step['change']:+.4f})" for step in row["steps"])
        lines.append(f"\nStep by step on {row['set']}: {taken}")
    gate = answer["gate"]
    text = f"# nDCG@10 of {answer['model']}: {gate['verdict']}\n\n" + "\n".join(lines)
    text += "\n\n" + "\n".join(f"- {reason}" for reason in gate["reasons"])
    show_markdown(text, key="retrieval", description="Retrieval against BM25 and the parent")
