"""Between assembling and publishing: retrieval judged, words that hurt taken back, the report written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.stages.job import Job
from flows.stages.steps import assemble_step, find_standard_step, prove_step, report_step
from minicoil.config import RetrievalGateConfig
from minicoil.words import FrontierRow
from tasks.proof import Proof, ProofRequest, looked_at, return_to_bm25
from tasks.releases import Assembled, Draft, write_card
from tasks.report import ReportRequest
from tasks.training import WordResult

_FEW_MAPS = 6  # words whose sense maps are drawn where little is judged


@dataclass(frozen=True)
class Proven:
    """A release that is ready to publish.

    Attributes:
        facts: For its manifest: `retrieval_gate`, absent where nobody asked for it.
        returned: Word -> why its new layer is not in it.
    """

    built: Assembled
    facts: dict[str, Any] = field(default_factory=dict)
    returned: dict[str, WordResult] = field(default_factory=dict)


def prove_release(
    job: Job, draft: Draft, built: Assembled, results: Sequence[WordResult], frontier: Sequence[FrontierRow] = ()
) -> Proven:
    """Judge what was assembled; where new layers hurt retrieval, assemble it once more without them and judge again."""
    if not job.parameters.evaluate:
        return Proven(built)
    most = job.parameters.judge_at_most
    config = RetrievalGateConfig() if most is None else RetrievalGateConfig.at_most(most)
    with job.clock.timing("evaluate"):
        proof = _prove(job, built, results, config)
        changed = {result.record.word for result in results if result.weights is not None}
        hurting = changed.intersection(proof.verdict.hurting)
        kept = return_to_bm25(results, hurting, job.parent.vocabulary.known_words)
        returned = {result.record.word: result for result in kept if result.record.word in hurting}
        if returned and any(result.weights is not None for result in kept):
            built, results = assemble_step(draft, kept), kept
            proof = _prove(job, built, results, config)
        else:
            returned = {}
    with job.clock.timing("report"):
        write_card(draft, built.vocabulary, results, [entry.result for entry in proof.evaluated])
        maps = ReportRequest.maps if most is None else _FEW_MAPS
        request = ReportRequest(
            job.place, job.records, job.plan.role_model, job.parameters.text_in_report, maps, frontier
        )
        report_step(job.points, job.parent, built.folder, results, proof, request)
    return Proven(built, {"retrieval_gate": proof.to_row()}, returned)


def _prove(job: Job, built: Assembled, results: Sequence[WordResult], config: RetrievalGateConfig) -> Proof:
    words = [result.record for result in results if result.weights is not None]
    standard = None
    if (served := job.parent.release) is not None:
        records = looked_at(job.records)
        standard = find_standard_step(job.place, job.points, job.parameters.channel, served, records, config)
    cache = job.place.cache
    request = ProofRequest(job.records, words, job.plan.role_model, job.parameters.judged_sets, cache, standard)
    proof: Proof = prove_step(job.points, built.folder, job.parent, request, config)
    return proof
