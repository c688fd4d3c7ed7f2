"""What a flow that changes words holds open: home, channel, parent, collections, settings."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property

from flows.parameters import WordsParameters
from flows.steps import Clock, base_step, finish_step, open_encoders_step, open_parent_step, read_step
from flows.turns import take_turn
from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.tokens import WordTokenizer
from tasks.bundles import Parent, remove_published_work
from tasks.encoder_check import check_encoder, choose_role_model, role_width
from tasks.place import Place
from tasks.points import PointStore
from tasks.proving import check_judged_sets
from tasks.reading import Reading
from tasks.registry import CollectionRecord, choose_collections
from tasks.releases import role_model_of
from tasks.sentence_encoder import Encoders
from tasks.sentence_store import SentenceStore
from tasks.shard_files import ShardModel
from tasks.training import TrainingPlan


@dataclass
class Job:
    """What a flow that changes words holds open while it runs."""

    parameters: WordsParameters
    place: Place
    points: PointStore
    parent: Parent
    tokenizer: WordTokenizer
    sentences: SentenceStore
    records: list[CollectionRecord]
    plan: TrainingPlan
    clock: Clock

    @cached_property
    def encoders(self) -> Encoders:
        """Loaded by the first step that encodes: a run that finds nothing to do never pays for them."""
        parameters = self.parameters
        cache = self.place.cache / "sentences"
        encoders: Encoders = open_encoders_step(self.parent, parameters.encoder, self.plan.role_model, cache)
        return encoders

    @property
    def shard_model(self) -> ShardModel:
        """What shards are encoded with, elsewhere."""
        asked = self.parameters
        return ShardModel(asked.channel, self.parent.release, asked.encoder, self.plan.role_model, asked.dims)

    def read(self) -> Reading:
        """The corpus, in the sentence store and counted."""
        with self.clock.timing("read"):
            reading: Reading = read_step(
                self.points, self.sentences, self.tokenizer, self.parameters.corpus, self.parameters.sample
            )
            return reading


def open_job(parameters: WordsParameters, command: str, stack: ExitStack) -> Job:
    """Lock the home, finish what was interrupted, and open everything a change of words needs."""
    check_judged_sets(parameters.judged_sets)
    place = parameters.place()
    stack.enter_context(take_turn(place, parameters.channel, command))
    points = stack.enter_context(place.points())
    finish_step(place, parameters.channel)
    remove_published_work(place)
    if parameters.base is not None and not parameters.only_looks:
        base_step(place, parameters.channel, parameters.base)
    parent = open_parent_step(place, parameters.channel, parameters.encoder, parameters.dims, parameters.base)
    check_encoder(parent, parameters.encoder)
    channel, names = parameters.channel, parameters.collections
    records = choose_collections(place.objects(), channel, names)
    tokenizer = WordTokenizer.from_folder(parent.folder)
    known = role_model_of(place.objects(), parent.release) if parent.release else None
    role_model = choose_role_model(parameters.role_model, known)
    sentences = SentenceStore(points, role_width(parent, role_model), role_model)
    plan = TrainingPlan(
        training=TrainingConfig.for_target(parameters.target, parent.vocabulary.dims),
        sampling=SamplingConfig(max_sentences=parameters.max_sentences, min_sentences=parameters.min_sentences),
        triplets=TripletConfig(),
        gate=GateConfig(),
        encoder_digest=parent.facts.encoder_digest,
        role_model=role_model,
    )
    return Job(parameters, place, points, parent, tokenizer, sentences, records, plan, Clock())
