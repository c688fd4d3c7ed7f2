"""What a flow that changes words holds open: home, channel, parent, collections, settings."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property

from flows.forms import RemoveParameters, WordsParameters
from flows.orchestration import take_turn
from flows.shards import read_in_shards
from flows.stages.steps import (
    Clock,
    base_step,
    finish_step,
    open_encoders_step,
    open_parent_step,
    read_step,
    reclaim_step,
)
from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.errors import PausedError
from minicoil.text import WordTokenizer
from tasks.catalogue import CollectionRecord, choose_named, role_model_of
from tasks.models import Encoders, Parent, check_encoder, choose_role_model, remove_published_work, role_width
from tasks.place import Place
from tasks.points import PointStore
from tasks.proof import check_judged_sets
from tasks.reading import Reading
from tasks.sentences import KeptSentences
from tasks.shards import ShardModel
from tasks.training import TrainingPlan


@dataclass
class Job:
    """What a flow that changes words holds open while it runs."""

    parameters: WordsParameters
    place: Place
    points: PointStore
    parent: Parent
    tokenizer: WordTokenizer
    records: list[CollectionRecord]
    plan: TrainingPlan
    clock: Clock

    @cached_property
    def encoders(self) -> Encoders:
        """Loaded by the first step that encodes: a run that finds nothing to do never pays for them."""
        parameters = self.parameters
        cache = self.place.cache / "sentences"
        return open_encoders_step(self.parent, parameters.encoder, self.plan.role_model, cache)

    @cached_property
    def sentences(self) -> KeptSentences:
        """Everything that was ever read here; made by the first run that keeps what it reads."""
        role_model = self.plan.role_model
        width = role_width(self.parent, role_model)
        return KeptSentences(self.points, width, role_model, self.place, self.plan.language)

    @property
    def asked(self) -> WordsParameters:
        """What was asked for, with the language that a first release took from the channel's collections."""
        if self.parent.release is not None or self.plan.language == "en":
            return self.parameters
        return self.parameters.model_copy(update={"language": self.plan.language})

    @property
    def shard_model(self) -> ShardModel:
        """What shards are encoded with, elsewhere."""
        asked = self.parameters
        plan, parent = self.plan, self.parent.release
        return ShardModel(asked.channel, parent, asked.encoder, plan.role_model, asked.dims, plan.language)

    def read(self) -> Reading:
        """The corpus counted, and in the sentence store if somebody does more than look; what also teaches, too."""
        asked = self.parameters
        with self.clock.timing("read"):
            reading = self._read(asked.corpus, asked.sample)
            if asked.also:
                reading.taught_by(self._read(asked.also, None))
        return reading

    def _read(self, specs: Sequence[str], sample: int | None) -> Reading:
        keep, role_model = not self.parameters.only_looks, self.plan.role_model
        found = (self.place, self.points, role_model, self.plan.language)
        store = self.sentences if keep else KeptSentences.found(*found)
        if sample is None:
            name, folder = self.parameters.channel, self.parent.folder
            read = read_in_shards(self.place, name, specs, store, keep, folder)
            if read is not None:
                return read
        return read_step(self.points, store, self.tokenizer, specs, sample, keep)


def finish_first(place: Place, parameters: WordsParameters | RemoveParameters) -> None:
    """A promotion that was interrupted, brought to its end, as far as tonight's budget goes.

    Raises:
        PausedError: it has not ended; a release that grew from what is served now could never follow it.
    """
    finished = finish_step(place, parameters.channel, parameters.expansion)
    if finished is not None and finished["paused"]:
        written = sum(row["n_rewritten"] for row in finished["collections"])
        raise PausedError(
            f"the promotion under way on channel '{parameters.channel}' comes first, and it pauses: "
            f"{finished['paused']}, {written:,} points were written; the next run goes on, and this one's words wait "
            "until it has ended",
            collections=finished["collections"],
        )


def open_job(parameters: WordsParameters, command: str, stack: ExitStack, place: Place | None = None) -> Job:
    """Lock the home, finish what was interrupted, and open everything a change of words needs.

    Who only looks finishes nothing and imports nothing: store and collections stay as they are. Who has asked the
    place before passes it on: its clients are opened once a run.

    Raises:
        PausedError: a promotion that was interrupted has not ended within tonight's budget.
        UsageError: the channel is of another language than the one that was asked for.
    """
    place = place or parameters.place()
    check_judged_sets(parameters.judged_sets, place.cache)
    stack.enter_context(take_turn(place, parameters.channel, command))
    points = stack.enter_context(place.points())
    if not parameters.only_looks:
        finish_first(place, parameters)
        remove_published_work(place)
        if parameters.base is not None:
            base_step(place, parameters.channel, parameters.base, parameters.language)
    asked = (parameters.encoder, parameters.dims, parameters.base, parameters.language)
    parent = open_parent_step(place, parameters.channel, *asked)
    check_encoder(parent, parameters.encoder)
    if not parameters.only_looks:
        parent = reclaim_step(place, points, parent)
    channel, names = parameters.channel, parameters.collections
    records = choose_named(place, channel, names)
    tokenizer = WordTokenizer.from_folder(parent.folder)
    known = role_model_of(place.objects(), parent.release) if parent.release else None
    role_model = choose_role_model(parameters.role_model, known)
    plan = TrainingPlan(
        training=TrainingConfig.for_target(parameters.target, parent.vocabulary.dims),
        sampling=SamplingConfig(max_sentences=parameters.max_sentences, min_sentences=parameters.min_sentences),
        triplets=TripletConfig(),
        gate=GateConfig(),
        encoder_digest=parent.facts.encoder_digest,
        role_model=role_model,
        rounding=parameters.rounding,
        language=parent.facts.language,
    )
    return Job(parameters, place, points, parent, tokenizer, records, plan, Clock())
