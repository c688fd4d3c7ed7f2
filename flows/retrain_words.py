"""The flow `retrain-words`: measure what is served on fresh text, retrain what underperforms, keep what is better."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from prefect import flow

from flows.extension_report import answered_report, extension_report
from flows.making_release import open_job, release
from flows.parameters import RetrainParameters
from flows.steps import encode_step, measure_step, prior_step, recall_step, sample_step, train_step
from minicoil.errors import ReleaseError
from tasks.extension import request_digest
from tasks.releases import Publication, find_request
from tasks.retraining import served_candidates, split_off_hopeless
from tasks.training import word_digests
from tasks.word_memory import WordMemory


@flow(name="retrain-words", description="Retrain words that underperform on this text.")
def retrain_words(parameters: RetrainParameters) -> dict[str, Any]:
    """Train on everything in the sentence store, judge old layer against new on sentences neither has seen."""
    with ExitStack() as stack:
        job = open_job(parameters, "retrain", stack)
        serving = job.parent.release
        if serving is None:
            raise ReleaseError(
                f"channel '{parameters.channel}' serves nothing to retrain; `minicoil extend` makes a release"
            )
        reading = job.read()
        request = request_digest({**parameters.model_dump(), "flow": "retrain"}, f"{reading.digest}:{serving}")
        answered = find_request(job.place.objects(), request)
        if answered is not None:
            return answered_report(job.place, parameters, answered, reading, job.clock)

        candidates = served_candidates(job.parent, reading.counts, parameters.min_sentences)
        forms = {candidate.word: candidate.use.forms for candidate in candidates}
        with job.clock.timing("encode"):
            keys = sample_step(job.sentences, forms, job.plan.sampling)
            folder = job.place.work / request[:16] / "features"
            features = encode_step(job.sentences, job.encoders, forms, keys, job.plan.sampling, folder)
        with job.clock.timing("measure"):
            weak = measure_step(candidates, features, job.parent, job.plan, reading.counts, parameters.below)
        with job.clock.timing("train"):
            digests = word_digests(keys, job.parent, job.plan)
            prior = prior_step(job.parent, features, job.plan.training.seed)
            memory = WordMemory(job.place.objects())
            results = recall_step(weak, digests, job.parent, memory)
            known = {result.record.word for result in results}
            rest = [candidate for candidate in weak if candidate.word not in known]
            results += train_step(rest, digests, features, prior, job.parent, job.plan, memory)
        results, hopeless = split_off_hopeless(results, job.plan)
        published: Publication | None = None
        promoted: dict[str, Any] = {}
        if hopeless or any(result.weights is not None for result in results):
            published, promoted = release(job, results, hopeless, prior, request, weak)
        costs: dict[str, Any] = {}
        report = extension_report(job.parent, published, results, promoted, costs, reading, job.clock, hopeless)
        return {**report, "n_measured": len(candidates), "n_underperforming": len(weak)}
