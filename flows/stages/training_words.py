"""From chosen words to judged layers: sentences sampled and encoded, what is known recalled, the rest trained."""

from __future__ import annotations

from collections.abc import Sequence

from flows.shards import encode_in_shards, train_in_shards
from flows.stages.job import Job
from flows.stages.steps import encode_step, prior_step, recall_step, sample_step, train_step
from minicoil.training import Prior
from minicoil.words import Candidate
from tasks.models import choose_device
from tasks.reading import Reading
from tasks.shards import TrainingWork
from tasks.training import Judge, WordMemory, WordResult, find_prior, plan_units, prior_origin, word_digests


def train_chosen(
    job: Job, chosen: Sequence[Candidate], reading: Reading, request: str
) -> tuple[list[WordResult], Prior | None]:
    """Results of all candidates; those with the same sentences and settings as before are recalled, not trained.

    Sentences come from everything ever read, this corpus and those before it. Each unit is a task of its own.
    """
    forms = {candidate.word: candidate.use.forms for candidate in chosen}
    memory, plan = WordMemory(job.place.objects()), job.plan
    device = choose_device()
    with job.clock.timing("encode"):
        keys = sample_step(job.sentences, forms, plan.sampling, reading.keys)
        origin = prior_origin(job.parent, keys, plan.digest)
        digests = word_digests(keys, job.parent, plan, origin, reading.keys)
        results: list[WordResult] = recall_step(chosen, digests, job.parent, memory)
        known = {result.record.word for result in results}
        rest = {candidate.word: candidate for candidate in chosen if candidate.word not in known}
        if not rest:
            return sorted(results, key=_word), find_prior(job.parent, origin, memory)
        needed = {word: candidate.use.forms for word, candidate in rest.items()}
        sampled = {word: keys[word] for word in needed}
        folder = job.place.work_on(request) / "features"
        encode_in_shards(job.place, job.sentences, needed, sampled, plan.sampling, job.shard_model, folder)
        features = encode_step(job.sentences, job.encoders, needed, sampled, plan.sampling, folder)
    with job.clock.timing("train"):
        prior = prior_step(job.parent, features, plan.training.seed, origin, memory)
        judge = Judge(job.parent, prior, plan.gate, plan.triplets, plan.training.seed, reading.keys)
        work = TrainingWork(list(rest.values()), digests, reading.keys, origin, plan, job.shard_model)
        if train_in_shards(job.place, work, features, folder.with_name("training")):
            results += recall_step(list(rest.values()), digests, job.parent, memory)
            rest = {word: rest[word] for word in rest.keys() - {result.record.word for result in results}}
        for unit in plan_units(sorted(rest), features):
            candidates = [rest[word] for word in unit.words]
            results += train_step(candidates, digests, features, judge, plan, memory, device)
    # ids are given out in the order of results: the same ones whether a run was interrupted or not
    return sorted(results, key=_word), prior


def _word(result: WordResult) -> str:
    return result.record.word
