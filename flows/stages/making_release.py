"""The end of every flow that changes words: assemble, prove, publish, promote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows.forms import ExtendParameters, RemoveParameters, WordsParameters, spell_recipe
from flows.stages.gated_promotion import settle_release
from flows.stages.job import Job
from flows.stages.proving_release import prove_release
from flows.stages.steps import Clock, assemble_step, importance_step, joined_step, publish_step
from minicoil.training import Prior
from minicoil.words import Candidate, FrontierRow
from tasks.catalogue import Publication, parity_fact
from tasks.models import remove_work
from tasks.place import Place
from tasks.releases import Assembled, Draft, list_forms, probe_texts
from tasks.rewriting import claim_unused_number, reused_of
from tasks.training import ImportanceLesson, WordResult


def make_release(
    job: Job,
    results: Sequence[WordResult],
    remove: Sequence[str],
    prior: Prior | None,
    request: str,
    chosen: Sequence[Candidate],
    frontier: Sequence[FrontierRow] = (),
) -> tuple[Publication, dict[str, Any]]:
    """Publish a release with the results' layers, and promote it if that was asked for and its gates pass."""
    with job.clock.timing("assemble"):
        number = claim_unused_number(job.place, job.points, job.records)
        forms = {result.record.word: result.record.forms for result in results if result.weights is not None}
        joined = joined_step(job.points, job.records, list_forms(job.tokenizer, forms))
        folder = job.place.work_on(request) / f"release-{number}"
        probes, sources = probe_texts(job.sentences, chosen), job.parameters.corpus
        reused = reused_of(job.parent, job.place.objects())
        keeps = not isinstance(job.parameters, ExtendParameters) or job.parameters.importance != "none"
        draft = Draft(
            job.parent,
            number,
            folder,
            request,
            prior,
            probes,
            remove=remove,
            joined=joined,
            sources=sources,
            reused=reused,
            lesson=_learn(job),
            with_importance=keeps,
            recipe=spell_recipe(job.asked),
            licence=(isinstance(job.parameters, ExtendParameters) and job.parameters.licence) or "",
        )
        built = assemble_step(draft, results)
    proven = prove_release(job, draft, built, results, frontier)
    facts = {**job.plan.facts, **proven.facts}
    published, promoted = publish_and_settle(job.place, job.parameters, draft, proven.built, facts, job.clock)
    return published, {**promoted, "returned": proven.returned}


def _learn(job: Job) -> ImportanceLesson:
    """Importance, where an extension was asked to learn it; all others come with what there is."""
    asked = job.parameters
    if not isinstance(asked, ExtendParameters) or asked.importance != "learn":
        return ImportanceLesson()
    with job.clock.timing("importance"):
        lesson: ImportanceLesson = importance_step(job.place, job.points, job.parent, asked.corpus, asked.sample)
        return lesson


def publish_and_settle(
    place: Place,
    asked: WordsParameters | RemoveParameters,
    draft: Draft,
    built: Assembled,
    facts: Mapping[str, Any],
    clock: Clock,
) -> tuple[Publication, dict[str, Any]]:
    """Publish an assembled release, promote it where that was asked for, and clear its work folder."""
    with clock.timing("publish"):
        facts = {**built.facts, **parity_fact(built.parity), **facts}
        published: Publication = publish_step(place.objects(), built.folder, draft.parent.release, facts, draft.release)
    names = asked.collections if isinstance(asked, WordsParameters) else ()
    manifest = published.manifest
    days = asked.approval_days
    promoted = settle_release(place, asked.channel, manifest, asked.promote, clock, names, days, asked.expansion)
    remove_work(built.folder.parent)
    return published, promoted
