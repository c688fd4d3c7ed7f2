"""The flow `evaluate-retrieval`: what a release does for search, against BM25 and against its parent."""

from __future__ import annotations

from typing import Any

from flows.forms import EvaluateParameters
from flows.orchestration import flow, show_evaluation
from flows.outcomes import EvaluationOutcome
from flows.stages import Clock, evaluate_collection_step, evaluate_step, proxies_step
from minicoil.config import RetrievalGateConfig
from tasks.catalogue import open_named, role_model_of, served_release
from tasks.collections import open_texts
from tasks.models import PACKAGED
from tasks.place import Place
from tasks.points import PointStore
from tasks.proof import answer_evaluation, check_run, find_contenders, open_set, write_evaluated


@flow(name="evaluate-retrieval", description="Measure a release against BM25.")
def evaluate_retrieval(parameters: EvaluateParameters) -> EvaluationOutcome:
    """Evaluate on judged queries, or on queries made from a collection; nothing that is served changes."""
    place, clock = parameters.place(), Clock()
    with place.points() as points, clock.timing("total"):
        if parameters.folder is not None and parameters.collection is not None:
            answer = _on_collection(parameters, place, points)
        else:
            answer = _by_release(parameters, place, points)
    show_evaluation(answer)
    return EvaluationOutcome.of({**answer, "seconds": clock.seconds})


def _on_collection(parameters: EvaluateParameters, place: Place, points: PointStore) -> dict[str, Any]:
    record = open_named(place, str(parameters.collection))
    data = open_set(str(parameters.folder), place.cache)
    check_run(parameters.run, [data])
    found = evaluate_collection_step(place, points, data, record.name)
    release = served_release(place.objects(), record)
    facts = {"model": f"release {release}", "release": release or None, "collection": record.name}
    role_model = (role_model_of(place.objects(), release) if release else None) or PACKAGED
    runs = write_evaluated(parameters.run, [found])
    return {**facts, **answer_evaluation([found], place, points, role_model, record.language), "runs": runs}


def _by_release(parameters: EvaluateParameters, place: Place, points: PointStore) -> dict[str, Any]:
    contenders = find_contenders(place, parameters.channel, parameters.release, parameters.model, parameters.parent)
    engine = None if parameters.in_memory else points
    if parameters.folder is not None:
        data = open_set(parameters.folder, place.cache)
        check_run(parameters.run, [data])
        bm25 = (parameters.k, parameters.b, parameters.avg_len)
        evaluated = [evaluate_step(data, contenders, *bm25, engine)]
    else:
        record = open_named(place, str(parameters.collection))
        texts = open_texts(record, place.cache)
        check_run(parameters.run)
        sets = proxies_step(points, record, texts, contenders.folder, contenders.role_model, RetrievalGateConfig())
        check_run(parameters.run, sets)
        evaluated = [evaluate_step(data, contenders, record.k, record.b, record.avg_len, engine) for data in sets]
    facts = {"model": contenders.name, "release": contenders.release, "parent_model": contenders.parent_name}
    runs = write_evaluated(parameters.run, evaluated)
    answer = answer_evaluation(evaluated, place, points, contenders.role_model, contenders.language)
    return {**facts, **answer, "runs": runs}
