"""The end of every flow that changes words: assemble, prove, publish, promote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.gated_promotion import settle_release
from flows.job import Job
from flows.proving_release import prove_release
from flows.steps import assemble_step, joined_step, publish_step
from minicoil.mining import Candidate
from minicoil.prior import Prior
from tasks.assembly import Assembled, probe_texts
from tasks.bundles import remove_work
from tasks.gating import parity_fact
from tasks.releases import Publication, claim_release
from tasks.word_memory import WordResult


def make_release(
    job: Job,
    results: Sequence[WordResult],
    remove: Sequence[str],
    prior: Prior | None,
    request: str,
    chosen: Sequence[Candidate],
) -> tuple[Publication, dict[str, Any]]:
    """Publish a release with the results' layers, and promote it if that was asked for and its gates pass."""
    objects, work = job.place.objects(), job.place.work / request[:16]
    with job.clock.timing("assemble"):
        number = claim_release(objects)
        forms = {result.record.word: result.record.forms for result in results if result.weights is not None}
        joined = joined_step(job.points, job.records, forms)
        probes, corpus = probe_texts(job.sentences, chosen), job.parameters.corpus
        folder = work / f"release-{number}"

        def assemble(kept: Sequence[WordResult]) -> Assembled:
            built: Assembled = assemble_step(
                job.parent, kept, remove, joined, prior, request, number, folder, probes, corpus
            )
            return built

        built = assemble(results)
    proven = prove_release(job, built, results, assemble)
    with job.clock.timing("publish"):
        facts = {**proven.built.facts, **job.plan.facts, **parity_fact(proven.built.parity), **proven.facts}
        published = publish_step(objects, proven.built.folder, job.parent.release, facts, number)
    asked = job.parameters
    promoted = settle_release(
        job.place, asked.channel, published.manifest, asked.promote, job.clock, asked.collections, asked.approval_days
    )
    promoted = {**promoted, "returned": proven.returned}
    remove_work(work)
    return published, promoted
