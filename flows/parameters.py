"""What a person may ask of each flow: one model per flow, the form of the Prefect UI and the command line alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from minicoil.config import Bm25Config, SamplingConfig
from tasks.place import Place
from tasks.promotion import GRACE_HOURS
from tasks.reencoding import ExpansionOptions

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Specs = Annotated[
    list[str],
    Field(
        min_length=1,
        title="Corpus",
        description="Where text comes from: a file or folder, hf:name#column, qdrant:collection#field, pydocs:package",
        examples=[["docs/"], ["pydocs:torch,prefect"]],
    ),
]


class PlaceParameters(BaseModel):
    """Where a flow works. Secrets come from the environment and never pass through here."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    home: str = Field(".minicoil", title="Home folder", description="Embedded shards, caches, and the default store")
    store: str | None = Field(None, title="Object store", description="file:///path or s3://bucket/prefix")
    qdrant_url: str | None = Field(None, title="Qdrant server", description="Empty: the embedded engine in home")

    def place(self) -> Place:
        """The addresses, defaults filled in."""
        return Place.at(Path(self.home), self.store, self.qdrant_url)


class ChannelParameters(PlaceParameters):
    """A flow that reads or moves a channel."""

    channel: Name = Field("production", title="Channel", description="Named pointer to the release that is served")


# names for settings that belong together; a value given by hand wins
PROFILES: dict[str, dict[str, str]] = {
    # the article's models; the base brings its own encoder, jina-embeddings-v2-small-en, along
    "minicoil-v1": {"base": "Qdrant/minicoil-v1", "role_model": "mixedbread-ai/mxbai-embed-large-v1"},
}


class EncoderParameters(ChannelParameters):
    """A flow that may start a model: from an encoder alone, or from a published base."""

    encoder: str = Field("minilm", title="Encoder", description="minilm, a local folder, or a Hugging Face id")
    dims: Literal[4, 8, 16] = Field(4, title="Dimensions per word", description="Of a first release without a base")
    base: str | None = Field(
        None,
        title="Base",
        description="Model to start from: a folder that FastEmbed loads, or a Hugging Face id",
        examples=["Qdrant/minicoil-v1"],
    )
    profile: Literal["minicoil-v1"] | None = Field(
        None, title="Profile", description="minicoil-v1: Qdrant's published model and the article's role model"
    )

    @model_validator(mode="after")
    def _fill_from_profile(self) -> Self:
        for name, value in PROFILES.get(self.profile or "", {}).items():
            known = type(self).model_fields.get(name)
            if known is not None and getattr(self, name) == known.default:
                setattr(self, name, value)
        return self


class IndexParameters(EncoderParameters):
    """Create or feed a collection."""

    collection: Name = Field(title="Collection", description="Created if it does not exist", examples=["docs"])
    corpus: Specs
    sample: int | None = Field(None, ge=1, title="Sample", description="A seeded sample of this many documents")
    delete_missing: bool = Field(
        False, title="Delete missing", description="Delete points whose document the corpus does not have any more"
    )
    k: float = Field(Bm25Config.k, gt=0, title="BM25 k", description="Fixed when the collection is created")
    b: float = Field(Bm25Config.b, ge=0, le=1, title="BM25 b", description="Fixed when the collection is created")
    avg_len: float | None = Field(
        None, gt=0, title="Mean length", description="In words; empty: measured on the corpus"
    )


class RebuildParameters(ChannelParameters):
    """Build a collection anew beside itself, with vectors of the channel's release."""

    source: Name = Field(title="Source", description="The collection to copy", examples=["docs"])
    target: Name = Field(title="Target", description="The collection to create", examples=["docs-2"])
    text: str | None = Field(None, title="Text", description="Payload fields of the text; empty: as it is registered")
    alias: str | None = Field(None, title="Alias", description="Pointed to the target when it is right")
    k: float = Field(Bm25Config.k, gt=0, title="BM25 k", description="Fixed when the collection is created")
    b: float = Field(Bm25Config.b, ge=0, le=1, title="BM25 b", description="Fixed when the collection is created")
    avg_len: float | None = Field(None, gt=0, title="Mean length", description="Empty: measured on the source")


class WordsParameters(EncoderParameters):
    """A flow that trains words: where their sentences come from and how they are judged."""

    corpus: Specs
    collections: list[Name] = Field([], title="Collections", description="Empty: every collection on the channel")
    target: Literal["saturated", "correlation"] = Field("saturated", title="Training target")
    min_sentences: int = Field(SamplingConfig.min_sentences, ge=10, title="Fewest sentences per word")
    max_sentences: int = Field(SamplingConfig.max_sentences, ge=10, title="Most sentences per word")
    sample: int | None = Field(None, ge=1, title="Sample", description="A seeded sample of this many documents")
    role_model: str = Field("minilm", title="Role model", description="minilm, a local folder, or a Hugging Face id")
    promote: bool = Field(True, title="Promote", description="Re-encode collections and move the channel when done")


class ExtendParameters(WordsParameters):
    """Teach the model words: named, read from a file, mined from the corpus, or its most frequent ones."""

    words: list[str] = Field([], title="Words", description="Train these, in any of their forms")
    words_file: str | None = Field(None, title="Words file", description="One word a line; # starts a comment")
    mine: int | None = Field(None, ge=1, le=100_000, title="Mine", description="Words this domain uses its own way")
    common: int | None = Field(None, ge=1, le=100_000, title="Common", description="Most frequent words of the corpus")
    queries: str | None = Field(None, title="Query log", description="One query a line; weights words people search")
    max_points: int | None = Field(None, ge=1, title="Affected points", description="Stop taking words at this many")
    background: str | None = Field(None, title="Background", description="A corpus of general text to mine against")
    dry_run: bool = Field(False, title="Dry run", description="Only say which words, how many points, what it costs")


class RetrainParameters(WordsParameters):
    """Measure the words that are served on fresh text, and retrain those that underperform on it."""

    below: float | None = Field(None, ge=0, le=1, title="Below", description="Retrain every word under this ordering")


class RemoveParameters(ChannelParameters):
    """Return words to BM25."""

    words: list[str] = Field(min_length=1, title="Words", description="In any of their forms")
    promote: bool = Field(True, title="Promote", description="Re-encode collections and move the channel when done")


class ExpansionParameters(ChannelParameters):
    """A flow that re-encodes: how hard it may press, and what it may leave behind."""

    points_per_second: float | None = Field(
        None, gt=0, title="Points per second", description="Most points written a second; empty: as fast as it goes"
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

    collections: list[Name] = Field([], title="Collections", description="Empty: every collection on the channel")
    contract: bool = Field(False, title="Contract", description="Drop the previous release's cells now; ends rollback")
    grace_hours: float = Field(
        GRACE_HOURS, ge=0, title="Grace", description="Hours after a move until the previous release's cells go"
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


class PromoteParameters(ExpansionParameters):
    """Move a channel to a release, re-encoding its collections first."""

    release: int = Field(ge=1, title="Release", description="A published release's number")


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
    k: float | None = Field(None, gt=0, title="BM25 k", description="Empty: found from its vectors")
    b: float | None = Field(None, ge=0, le=1, title="BM25 b", description="Empty: found from its vectors")
    avg_len: float | None = Field(None, gt=0, title="Mean length", description="Empty: found from its vectors")
    tenant: str | None = Field(None, title="Tenant", description="Payload field that scopes IDF, if it has tenants")

    @field_validator("text")
    @classmethod
    def _read_escapes(cls, text: str | None) -> str | None:
        """A shell hands a line break over as backslash and letter."""
        return None if text is None else text.replace("\\n", "\n").replace("\\t", "\t")
