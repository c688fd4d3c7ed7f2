"""What a person may ask of each flow: one model per flow, the form of the Prefect UI and the command line alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from minicoil.config import Bm25Config, SamplingConfig
from tasks.place import Place

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
    k: float = Field(Bm25Config.k, gt=0, title="BM25 k", description="Fixed when the collection is created")
    b: float = Field(Bm25Config.b, ge=0, le=1, title="BM25 b", description="Fixed when the collection is created")
    avg_len: float | None = Field(
        None, gt=0, title="Mean length", description="In words; empty: measured on the corpus"
    )


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
    evaluate: bool = Field(True, title="Evaluate", description="Judge retrieval before publishing; under a minute")
    judged_sets: list[str] = Field([], title="Judged sets", description="BEIR folders to judge retrieval on as well")
    text_in_report: bool = Field(True, title="Sentences in the report", description="Off: no text of the corpus in it")


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


class ReencodeParameters(ChannelParameters):
    """Bring collections to the release that their channel serves or is about to serve."""

    collections: list[Name] = Field([], title="Collections", description="Empty: every collection on the channel")
    contract: bool = Field(False, title="Contract", description="Drop the previous release's cells; ends rollback")
    dry_run: bool = Field(False, title="Dry run", description="Only count the points that would be rewritten")


class PromoteParameters(ChannelParameters):
    """Move a channel to a release, re-encoding its collections first."""

    release: int = Field(ge=1, title="Release", description="A published release's number")


class EvaluateParameters(ChannelParameters):
    """Measure retrieval: a release against BM25 of the same words and against its parent."""

    folder: str | None = Field(
        None,
        title="BEIR folder",
        description="corpus.jsonl, queries.jsonl and qrels/test.tsv; empty: queries made from a collection's own text",
        examples=["sets/scifact"],
    )
    release: int | None = Field(None, ge=1, title="Release", description="Empty: what the channel serves")
    model: str | None = Field(None, title="Model folder", description="A folder that FastEmbed loads, published or not")
    parent: str | None = Field(None, title="Parent", description="Release number or folder; empty: the release's own")
    collection: Name | None = Field(None, title="Collection", description="Search in this one, or make queries from it")
    in_memory: bool = Field(False, title="In memory", description="Score without an engine: the same figures")
    k: float = Field(Bm25Config.k, gt=0, title="BM25 k", description="A collection's own wins")
    b: float = Field(Bm25Config.b, ge=0, le=1, title="BM25 b", description="A collection's own wins")
    avg_len: float | None = Field(None, gt=0, title="Mean length", description="In words; empty: measured on the set")

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

    one: int = Field(ge=0, title="Release A", description="0 is plain BM25")
    other: int = Field(ge=0, title="Release B")
    collection: Name
    queries: str = Field(title="Queries", description="A file of one query a line, or of JSON lines with text")
    limit: int = Field(10, ge=1, le=100, title="Depth", description="Results compared per query")
