"""What a person may ask of each flow: one model per flow, the form of the Prefect UI and the command line alike.

Defaults are literals and every field has a title and a description, because that is what the UI's form shows. What only
fields together can say (`_check_...`) the server cannot know: it is refused by the run, in one line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from flows.forms.place_parameters import (
    ApprovalDays,
    ChannelParameters,
    Collections,
    EncoderParameters,
    Name,
    PlaceParameters,
    RoleModel,
    Sample,
    Specs,
    Words,
)
from minicoil.config import Bm25Config, SamplingConfig
from minicoil.files import Count, Fraction, Hours, Number, Positive, Release, ReleaseOrEmpty
from tasks.collections import GRACE_HOURS, ExpansionOptions
from tasks.corpus import OnDuplicate

Sentences = Annotated[int, Number(10, 100_000, whole=True)]
WordCount = Annotated[int, Number(1, 100_000, whole=True)]
Depth = Annotated[int, Number(1, 100, whole=True)]


class IndexParameters(EncoderParameters):
    """Create or feed a collection."""

    collection: Name = Field(title="Collection", description="Created if it does not exist", examples=["docs"])
    corpus: Specs
    sample: Sample = None
    delete_missing: bool = Field(
        False, title="Delete missing", description="Delete points whose document the corpus does not have any more"
    )
    on_duplicate: OnDuplicate = Field(
        "tell-apart",
        title="Same id twice",
        description="tell-apart: both stay, as file#id or id#line; keep-last: the later one counts; refuse: nothing is "
        "written",
    )
    k: Positive = Field(Bm25Config.k, title="BM25 k", description="Fixed when the collection is created")
    b: Fraction = Field(Bm25Config.b, title="BM25 b", description="Fixed when the collection is created")
    avg_len: Positive | None = Field(
        None, title="Mean length", description="In words; empty: measured on the corpus", examples=[44.0]
    )


class RebuildParameters(ChannelParameters):
    """Build a collection anew beside itself, with vectors of the channel's release."""

    source: Name = Field(title="Source", description="The collection to copy", examples=["docs"])
    target: Name = Field(title="Target", description="The collection to create", examples=["docs-2"])
    text: str | None = Field(None, title="Text", description="Payload fields of the text; empty: as it is registered")
    alias: str | None = Field(None, title="Alias", description="Pointed to the target when it is right")
    k: Positive = Field(Bm25Config.k, title="BM25 k", description="Fixed when the collection is created")
    b: Fraction = Field(Bm25Config.b, title="BM25 b", description="Fixed when the collection is created")
    avg_len: Positive | None = Field(None, title="Mean length", description="Empty: measured on the source")


class WordsParameters(EncoderParameters):
    """A flow that trains words: where their sentences come from and how they are judged."""

    corpus: Specs
    collections: Collections = []
    target: Literal["saturated", "correlation", "ordering"] = Field(
        "saturated", title="Training target", description="saturated is the careful one; see the README"
    )
    min_sentences: Sentences = Field(
        SamplingConfig.min_sentences,
        title="Fewest sentences per word",
        description="A word with fewer stays on BM25",
    )
    max_sentences: Sentences = Field(
        SamplingConfig.max_sentences,
        title="Most sentences per word",
        description="200 reach .98 of full accuracy; more cost time",
    )
    sample: Sample = None
    role_model: RoleModel = "minilm"
    promote: bool = Field(
        True, title="Promote", description="Re-encode collections and move the channel when every gate passes"
    )
    approval_days: ApprovalDays = 14
    evaluate: bool = Field(True, title="Evaluate", description="Judge retrieval before publishing; about a minute")
    judged_sets: list[str] = Field(
        [], title="Judged sets", description="BEIR folders to judge retrieval on as well", examples=[["sets/scifact"]]
    )
    text_in_report: bool = Field(True, title="Sentences in the report", description="Off: no text of the corpus in it")

    @model_validator(mode="after")
    def _check_sentences(self) -> Self:
        if self.min_sentences > self.max_sentences:
            raise ValueError(
                f"min_sentences {self.min_sentences} is more than max_sentences {self.max_sentences}: no word could be "
                "trained; raise the second or lower the first"
            )
        return self

    @property
    def only_looks(self) -> bool:
        """Whether nothing is to be imported, trained or published."""
        return False


class ExtendParameters(WordsParameters):
    """Teach the model words: named, read from a file, mined from the corpus, or its most frequent ones."""

    words: Words = Field(
        [], title="Words", description="Train these, in any of their forms", examples=[["pod", "taint"]]
    )
    words_file: str | None = Field(
        None,
        title="Words file",
        description="On the worker; one word a line; after a space or at the start, # is a comment",
    )
    mine: WordCount | None = Field(
        None,
        title="Mine",
        description="This many words that the domain uses its own way; 200 where nothing else is asked for",
        examples=[200],
    )
    common: WordCount | None = Field(
        None,
        title="Common",
        description="This many of the corpus's most frequent words: how a first release is made",
        examples=[1000],
    )
    queries: str | None = Field(
        None, title="Query log", description="On the worker; one query a line or JSON lines, weights words searched for"
    )
    max_points: Count | None = Field(
        None, title="Affected points", description="Stop taking words when this many points are affected"
    )
    background: str | None = Field(
        None, title="Background", description="A corpus of general text to mine against", examples=["pydocs:numpy"]
    )
    dry_run: bool = Field(False, title="Dry run", description="Only say which words, how many points, what it costs")

    @property
    def only_looks(self) -> bool:
        """A dry run."""
        return self.dry_run


class RetrainParameters(WordsParameters):
    """Measure the words that are served on fresh text, and retrain those that underperform on it."""

    below: Fraction | None = Field(
        None,
        title="Below",
        description="Retrain every word under this held-out ordering accuracy",
        examples=[0.65],
    )


class RemoveParameters(ChannelParameters):
    """Return words to BM25."""

    words: Words = Field(min_length=1, title="Words", description="In any of their forms", examples=[["pod"]])
    promote: bool = Field(True, title="Promote", description="Re-encode collections and move the channel when done")
    approval_days: ApprovalDays = 14


class ExpansionParameters(ChannelParameters):
    """A flow that re-encodes: how hard it may press, and what it may leave behind."""

    points_per_second: Positive | None = Field(
        None, title="Points per second", description="Most points written a second; empty: as fast as it goes"
    )
    allow_missing_text: bool = Field(
        False,
        title="Allow missing text",
        description="Go on although points whose text is gone vanish for changed words",
    )

    def options(self, part: str | None = None) -> ExpansionOptions:
        """As `tasks` takes them; `part` is "2/4"."""
        index, _, total = (part or "1/1").partition("/")
        share = (int(index) - 1, int(total)) if part else None
        return ExpansionOptions(share, self.points_per_second, self.allow_missing_text)


class ReencodeParameters(ExpansionParameters):
    """Bring collections to the release that their channel serves or is about to serve."""

    collections: Collections = []
    contract: bool = Field(False, title="Contract", description="Drop the previous release's cells now; ends rollback")
    grace_hours: Hours = Field(
        GRACE_HOURS, title="Grace", description="Hours after a move until the previous release's cells go"
    )
    part: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{0,3}/[1-9][0-9]{0,3}$",
        title="Part",
        description="Only this share of the points, as 2/4; the channel moves in a run without it",
        examples=["2/4"],
    )
    dry_run: bool = Field(False, title="Dry run", description="Only say which points would be rewritten, and why")

    @field_validator("part")
    @classmethod
    def _check_part(cls, part: str | None) -> str | None:
        if part and int(part.split("/")[0]) > int(part.split("/")[1]):
            raise ValueError(f"part {part}: the first number is at most the second, as in 2/4")
        return part


class PublishParameters(ChannelParameters):
    """Publish a model folder that was made elsewhere as a release of the channel."""

    folder: str = Field(
        min_length=1, title="Folder", description="On the worker: a complete model folder", examples=["/data/release-7"]
    )
    promote: Literal["here", "elsewhere", "no"] = Field(
        "here",
        title="Promote",
        description="here: re-encode in this run; elsewhere: leave it to reencode-collections, which the event starts",
    )
    approval_days: ApprovalDays = 14

    def path(self) -> Path:
        """The folder, absolute."""
        return Path(self.folder).expanduser().absolute()


class PromoteParameters(ExpansionParameters):
    """Approve a published release: move a channel to it, re-encoding its collections first."""

    release: Release = Field(title="Release", description="A published release's number", examples=[7])
    force: bool = Field(
        False,
        title="Force",
        description="Also promote a release whose time to be approved has passed, or on a channel whose document is "
        "damaged: that one is put aside",
    )


class RollbackParameters(ChannelParameters):
    """Point a channel back to its previous release; at once while that one's cells are still beside."""


class AbandonParameters(ChannelParameters):
    """Give up the release that a channel is being moved to; it stays published."""


class AttachParameters(ChannelParameters):
    """Adopt a collection that carries miniCOIL vectors already."""

    collection: Name = Field(title="Collection", description="As Qdrant names it", examples=["docs"])
    vector: str = Field(title="Vector", description="Name of its miniCOIL sparse vector", examples=["minicoil"])
    text: str | None = Field(
        None, title="Text", description="Payload fields that the text is made of", examples=["{title}\\n{body}"]
    )
    corpus: list[str] = Field([], title="Corpus", description="Has the texts by id, where the payload has none")
    join: str = Field("", title="Join", description="Payload field with the document's id; empty: the point's own id")
    base: str | None = Field(None, title="Base", description="Model it was encoded with, if no release of the channel")
    k: Positive | None = Field(None, title="BM25 k", description="Empty: found from its vectors")
    b: Fraction | None = Field(None, title="BM25 b", description="Empty: found from its vectors")
    avg_len: Positive | None = Field(None, title="Mean length", description="Empty: found from its vectors")
    tenant: str | None = Field(None, title="Tenant", description="Payload field that scopes IDF, if it has tenants")

    @field_validator("text")
    @classmethod
    def _read_escapes(cls, text: str | None) -> str | None:
        """A shell hands a line break over as backslash and letter."""
        return None if text is None else text.replace("\\n", "\n").replace("\\t", "\t")


class EvaluateParameters(ChannelParameters):
    """Measure retrieval: a release against BM25 of the same words and against its parent."""

    folder: str | None = Field(
        None,
        title="BEIR folder",
        description="corpus.jsonl, queries.jsonl and qrels/test.tsv; empty: queries made from a collection's own text",
        examples=["sets/scifact"],
    )
    release: Release | None = Field(None, title="Release", description="Empty: what the channel serves")
    model: str | None = Field(None, title="Model folder", description="A folder that FastEmbed loads, published or not")
    parent: str | None = Field(None, title="Parent", description="Release number or folder; empty: the release's own")
    collection: Name | None = Field(None, title="Collection", description="Search in this one, or make queries from it")
    in_memory: bool = Field(False, title="In memory", description="Score without an engine: the same figures")
    k: Positive = Field(Bm25Config.k, title="BM25 k", description="A collection's own wins")
    b: Fraction = Field(Bm25Config.b, title="BM25 b", description="A collection's own wins")
    avg_len: Positive | None = Field(None, title="Mean length", description="In words; empty: measured on the set")

    @model_validator(mode="after")
    def _ask_for_something(self) -> Self:
        if self.folder is None and self.collection is None:
            raise ValueError("give a BEIR folder, or a collection to make queries from")
        if self.model is not None and self.release is not None:
            raise ValueError("give a release or a model folder, not both")
        if self.folder is not None and self.collection is not None and (self.model or self.release):
            raise ValueError("a collection is searched with the release it is served with; leave release and model out")
        return self


class CompareParameters(PlaceParameters):
    """Two releases on the points of one collection, in the shadow: nobody's search changes."""

    one: ReleaseOrEmpty = Field(title="Release A", description="0 is plain BM25")
    other: ReleaseOrEmpty = Field(title="Release B", description="Both must be readable on the collection's points")
    collection: Name = Field(
        title="Collection", description="Searched with both, nothing is written", examples=["docs"]
    )
    queries: str = Field(title="Queries", description="A file of one query a line, or of JSON lines with text")
    limit: Depth = Field(10, title="Depth", description="Results compared per query")
