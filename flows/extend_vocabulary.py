"""The flow `extend-vocabulary`, the main job: read, choose, encode, train, assemble, publish, promote."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from flows.forms import ExtendParameters
from flows.orchestration import flow, show_words
from flows.outcomes import ExtensionOutcome
from flows.stages import (
    Job,
    ambiguous_step,
    answered_report,
    choose_step,
    count_points_step,
    dry_run_report,
    estimate_step,
    extension_report,
    make_release,
    open_job,
    run_or_pause,
    select_step,
    settle_answered,
    train_chosen,
)
from flows.upkeep import with_shared_corpora
from minicoil.text import open_language
from minicoil.words import Candidate
from tasks.catalogue import file_digests, find_request, read_channel, request_digest
from tasks.collections import Carriers, check_left_out
from tasks.corpus import RefusedWord
from tasks.metrics import count_words
from tasks.models import remove_work, settle_language
from tasks.reading import Reading, count_background
from tasks.training import Selection, WordRequest, check_max_points, check_words, untaught_meanings, within_ids


@flow(name="extend-vocabulary", description="Teach the model words of a corpus.")
def extend_vocabulary(parameters: ExtendParameters) -> ExtensionOutcome:
    """Run the main job; the same request run again finds its answer in the store and does nothing."""
    return run_or_pause(_extend, with_shared_corpora(parameters), ExtensionOutcome)


def _extend(parameters: ExtendParameters) -> ExtensionOutcome:
    asked, place = _words(parameters), parameters.place()
    language = settle_language(place, parameters.channel, parameters.language)
    check_words(asked, open_language(language))
    with ExitStack() as stack:
        job = open_job(parameters, "extend", stack, place)
        check_max_points(parameters.max_points, job.records)
        if parameters.promote and parameters.importance == "none":
            check_left_out(job.place.objects(), parameters.channel)
        reading = job.read()
        files = file_digests(words_file=parameters.words_file, queries=parameters.queries)
        request = request_digest({**parameters.model_dump(), **files}, reading.digest)
        answered = find_request(job.place.objects(), request)
        if answered is not None and not parameters.only_looks:
            settled = settle_answered(job.place, parameters, answered, job.clock)
            return answered_report(settled, reading, job.clock)

        with job.clock.timing("choose"):
            background = count_background(job.tokenizer, parameters.background, job.points, reading.report)
            carriers, sampling = Carriers(job.place, job.points, job.records), job.plan.sampling
            selection = Selection(())
            chosen, refused = choose_step(
                asked, job.parent, reading.counts, background, parameters.min_sentences, reading.report
            )
            if parameters.ambiguous:
                chosen, refused = _with_ambiguous(parameters.ambiguous, job, reading, chosen, refused)
            if parameters.max_points is not None or parameters.only_looks:
                selection = _select(job, reading, chosen, carriers)
                if parameters.max_points is not None:
                    chosen = list(selection.kept)
                    refused = [*refused, *selection.refused(parameters.max_points)]
            costs = estimate_step(chosen, reading.counts, job.encoders, carriers, sampling, job.parent.vocabulary.dims)
        frontier = selection.frontier
        if parameters.only_looks:
            points = count_points_step(carriers, chosen)
            pending = read_channel(job.place.objects(), parameters.channel).pending
            return dry_run_report(chosen, refused, points, costs, reading, job.clock, pending, frontier)

        results, prior = train_chosen(job, chosen, reading, request)
        if not any(result.weights is not None for result in results):
            remove_work(job.place.work_on(request))
            outcome = extension_report(job.parent, None, results, refused, {}, costs, reading, job.clock, frontier)
        else:
            published, promoted = make_release(job, results, (), prior, request, chosen, frontier)
            told = (job.parent, published, results, refused, promoted, costs, reading, job.clock)
            outcome = extension_report(*told, frontier)
        show_words(outcome.words)
        count_words(row["verdict"] for row in outcome.words)
        return outcome


def _select(job: Job, reading: Reading, chosen: Sequence[Candidate], carriers: Carriers) -> Selection:
    """The same words by expected gain per point, as many as points may change, and the frontier of all of them."""
    meanings, asked = untaught_meanings(chosen, job.parent), job.parameters
    counted = (carriers, reading.counts, job.tokenizer)
    selection: Selection = select_step(chosen, meanings, *counted, asked.queries, asked.max_points, reading.report)
    return selection


def _with_ambiguous(
    n: int, job: Job, reading: Reading, chosen: Sequence[Candidate], refused: Sequence[RefusedWord]
) -> tuple[list[Candidate], list[RefusedWord]]:
    """What was chosen, and `n` words with several meanings, as far as there are ids."""
    sampling, counts = job.plan.sampling, reading.counts
    more = ambiguous_step(n, job.parent, counts, job.sentences, job.encoders, sampling, reading.keys, chosen)
    kept, left_out = within_ids([*chosen, *more], job.parameters.max_ids, job.parent.vocabulary.ids_left)
    return kept, [*refused, *left_out]


def _words(parameters: ExtendParameters) -> WordRequest:
    return WordRequest(
        words=parameters.words,
        words_file=parameters.words_file,
        mine=parameters.mine,
        common=parameters.common,
        ambiguous=parameters.ambiguous,
        queries=parameters.queries,
        max_ids=parameters.max_ids,
    )
