"""The flow `retrain-words`: measure what is served on fresh text, retrain what underperforms, keep what is better."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from flows.forms import RetrainParameters
from flows.orchestration import flow, show_words
from flows.outcomes import RetrainOutcome
from flows.stages import (
    Job,
    answered_report,
    encode_step,
    extension_report,
    held_out_step,
    make_release,
    measure_step,
    open_job,
    run_or_pause,
    select_step,
    settle_answered,
    train_chosen,
)
from flows.upkeep import with_shared_corpora
from minicoil.errors import ReleaseError
from minicoil.words import Candidate
from tasks.catalogue import Publication, file_digests, find_request, request_digest
from tasks.collections import Carriers
from tasks.metrics import count_words
from tasks.models import remove_work
from tasks.reading import Reading
from tasks.training import (
    MEASURED_SENTENCES,
    Inspection,
    Selection,
    bury_hopeless,
    check_max_points,
    measured_meanings,
    served_candidates,
    within_ids,
)


@flow(name="retrain-words", description="Retrain words that underperform on this text.")
def retrain_words(parameters: RetrainParameters) -> RetrainOutcome:
    """Train on everything in the sentence store, judge old layer against new on sentences neither has seen."""
    return run_or_pause(_retrain, with_shared_corpora(parameters), RetrainOutcome)


def _retrain(parameters: RetrainParameters) -> RetrainOutcome:
    with ExitStack() as stack:
        job = open_job(parameters, "retrain", stack)
        serving = job.parent.release
        if serving is None:
            raise ReleaseError(
                f"channel '{parameters.channel}' serves nothing to retrain; "
                "`minicoil extend --common 1000 --corpus SPEC` makes a release"
            )
        check_max_points(parameters.max_points, job.records)
        reading = job.read()
        request = request_digest(_asked(parameters), f"{reading.digest}:{serving}")
        answered = find_request(job.place.objects(), request)
        if answered is not None:
            settled = settle_answered(job.place, parameters, answered, job.clock)
            return RetrainOutcome.of(answered_report(settled, reading, job.clock))

        found = _inspect(job, reading, parameters.below, job.place.work_on(request) / "measured")
        selection = _select(job, reading, found.weak)
        weak, _ = within_ids(selection.kept, parameters.max_ids, job.parent.vocabulary.ids_left)
        results, prior = train_chosen(job, weak, reading, request) if weak else ([], None)
        results = bury_hopeless(results, job.plan)
        hopeless = [result.record.word for result in results if result.record.verdict == "removed"]
        published: Publication | None = None
        promoted: dict[str, Any] = {}
        if hopeless or any(result.weights is not None for result in results):
            published, promoted = make_release(job, results, hopeless, prior, request, weak, selection.frontier)
        else:
            remove_work(job.place.work_on(request))
        costs: dict[str, Any] = {}
        told = (job.parent, published, results, (), promoted, costs, reading, job.clock)
        report = extension_report(*told, selection.frontier)
        show_words(report.words)
        count_words(row["verdict"] for row in report.words)
        underperforming = [{"word": candidate.word, "reasons": list(candidate.reasons)} for candidate in weak]
        counts = {"n_measured": found.n_measured, "n_too_few": found.n_too_few, "n_underperforming": len(weak)}
        counts |= {"n_left_out": len(selection.left_out)}
        return RetrainOutcome.of({**report, **counts, "underperforming": underperforming})


def _asked(parameters: RetrainParameters) -> dict[str, Any]:
    """What makes two requests one; what came later and says nothing leaves an earlier version's digest as it was."""
    asked = {**parameters.model_dump(), "flow": "retrain", **file_digests(queries=parameters.queries)}
    return {name: value for name, value in asked.items() if value is not None or name not in ("queries", "max_points")}


def _select(job: Job, reading: Reading, weak: Sequence[Candidate]) -> Selection:
    """Weak words by expected gain per point rewritten, as many as points may change."""
    asked, carriers = job.parameters, Carriers(job.place, job.points, job.records)
    meanings = measured_meanings({candidate.word: candidate.score for candidate in weak})
    with job.clock.timing("select"):
        counted = (carriers, reading.counts, job.tokenizer)
        selection: Selection = select_step(weak, meanings, *counted, asked.queries, asked.max_points, reading.report)
    return selection


def _inspect(job: Job, reading: Reading, below: float | None, folder: Path) -> Inspection:
    """Measure what is served on sentences of this corpus that no word is trained on."""
    candidates = served_candidates(job.parent, reading.counts, job.parameters.min_sentences)
    forms = {candidate.word: candidate.use.forms for candidate in candidates}
    with job.clock.timing("measure"):
        keys = held_out_step(job.sentences, forms, job.plan.sampling, reading.keys, MEASURED_SENTENCES)
        sampling = replace(job.plan.sampling, max_snippets=0)
        features = encode_step(job.sentences, job.encoders, forms, keys, sampling, folder)
        found: Inspection = measure_step(candidates, features, job.parent, job.plan, reading.counts, below)
    return found
