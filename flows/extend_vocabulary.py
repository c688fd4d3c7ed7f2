"""The flow `extend-vocabulary`, the main job: read, choose, encode, train, assemble, publish, promote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import flow

from flows.extension_report import answered_report, dry_run_report, extension_report
from flows.parameters import ExtendParameters
from flows.steps import (
    Clock,
    assemble_step,
    choose_step,
    count_points_step,
    encode_step,
    estimate_step,
    finish_step,
    joined_step,
    open_encoders_step,
    open_parent_step,
    prior_step,
    promote_step,
    publish_step,
    read_step,
    train_step,
)
from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from tasks.bundles import Parent, remove_work
from tasks.choosing import WordRequest
from tasks.extension import background_counts, probe_texts, request_digest, role_width
from tasks.home_lock import writer_lock
from tasks.promotion import select_collections
from tasks.registry import list_collections
from tasks.releases import claim_release, find_request
from tasks.sentence_store import SentenceStore
from tasks.training import TrainingPlan


@flow(name="extend-vocabulary", description="Teach the model words of a corpus.", validate_parameters=False)
def extend_vocabulary(parameters: ExtendParameters) -> dict[str, Any]:
    """Run the main job; the same request run again finds its answer in the store and does nothing."""
    place = parameters.place()
    with writer_lock(place.home, "extend"), place.points() as points:
        clock, objects = Clock(), place.objects()
        finish_step(place, parameters.channel)
        parent = open_parent_step(place, parameters.channel, parameters.encoder, parameters.dims, parameters.base)
        records = select_collections(
            list_collections(objects, parameters.channel), parameters.collections, parameters.channel
        )
        encoders = open_encoders_step(parent, parameters.encoder, parameters.role_model)
        sentences = SentenceStore(points, role_width(encoders), parameters.role_model)
        with clock.timing("read"):
            reading = read_step(points, sentences, encoders.tokenizer, parameters.corpus, parameters.sample)
        request = request_digest(parameters.model_dump(), reading.digest)
        answered = find_request(objects, request)
        if answered is not None and not parameters.dry_run:
            return answered_report(place, parameters, answered, reading, clock)

        plan = _plan(parameters, parent)
        with clock.timing("choose"):
            background = background_counts(encoders.tokenizer, parameters.background, points)
            chosen = choose_step(_words(parameters), parent, reading.counts, background, parameters.min_sentences)
            costs = estimate_step(chosen, reading.counts, encoders, points, records, parent.vocabulary, plan.sampling)
        if parameters.dry_run:
            return dry_run_report(chosen, count_points_step(points, records, chosen), costs, reading, clock)

        work = place.work / request[:16]
        with clock.timing("encode"):
            forms = {candidate.word: candidate.use.forms for candidate in chosen}
            features = encode_step(sentences, encoders, forms, plan.sampling, work / "features")
        with clock.timing("train"):
            prior = prior_step(parent, features, plan.training.seed)
            results = train_step(chosen, features, prior, parent, plan, work / "units")
        if not any(result.weights is not None for result in results):
            return extension_report(parent, None, results, {}, costs, reading, clock)

        with clock.timing("assemble"):
            number = claim_release(objects)
            joined = joined_step(points, records, _served_forms(results))
            probes = probe_texts(sentences, chosen)
            built = assemble_step(
                parent, results, (), joined, prior, request, number, work / f"release-{number}", probes
            )
        with clock.timing("publish"):
            manifest = publish_step(objects, built.folder, parent.release, built.facts, number)
        with clock.timing("promote"):
            promoted = {}
            if parameters.promote:
                promoted = promote_step(
                    place, parameters.channel, manifest.release, parameters.collections, parent.release
                )
        remove_work(work)
        return extension_report(parent, manifest, results, promoted, costs, reading, clock)


def _words(parameters: ExtendParameters) -> WordRequest:
    return WordRequest(
        words=parameters.words,
        words_file=parameters.words_file,
        mine=parameters.mine,
        common=parameters.common,
        queries=parameters.queries,
        max_points=parameters.max_points,
    )


def _plan(parameters: ExtendParameters, parent: Parent) -> TrainingPlan:
    return TrainingPlan(
        training=TrainingConfig.for_target(parameters.target, parent.vocabulary.dims),
        sampling=SamplingConfig(max_sentences=parameters.max_sentences, min_sentences=parameters.min_sentences),
        triplets=TripletConfig(),
        gate=GateConfig(),
        encoder_digest=parent.facts.encoder_digest,
        role_model=parameters.role_model,
    )


def _served_forms(results: Sequence[Any]) -> dict[str, tuple[str, ...]]:
    return {result.record.word: result.record.forms for result in results if result.weights is not None}
