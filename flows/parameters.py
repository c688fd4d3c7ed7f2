"""What a person may ask of each flow: one model per flow, the form of the Prefect UI and the command line alike.

Defaults are literals and every field has a title and a description, because that is what the UI's form shows. What only
fields together can say (`_check_...`) the server cannot know: it is refused by the run, in one line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from minicoil.config import Bm25Config, SamplingConfig
from tasks.place import Place
from tasks.settings import Settings

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
Sample = Annotated[
    int | None,
    Field(ge=1, title="Sample", description="A seeded sample of this many documents; empty: all", examples=[5000]),
]
Collections = Annotated[
    list[Name],
    Field(title="Collections", description="Empty: every collection on the channel", examples=[["docs"]]),
]
ApprovalDays = Annotated[
    int,
    Field(ge=1, le=365, title="Days to approve", description="How long a release that a gate refused waits for you"),
]
RoleModel = Annotated[
    str,
    Field(title="Role model", description="Defines what is close: minilm, a local folder, or a Hugging Face id"),
]


# what nearly everybody leaves as it is stands at the end of a form
_LAST = ("encoder", "role_model", "dims", "base", "profile", "home", "store", "qdrant_url")


def _order_form(schema: dict[str, Any]) -> None:
    """What must be filled in first, what hardly anybody changes last; a form shows fields in the schema's order."""
    fields, required = schema["properties"], schema.get("required", [])
    middle = [name for name in fields if name not in required and name not in _LAST]
    order = [*required, *middle, *(name for name in _LAST if name in fields and name not in required)]
    schema["properties"] = {name: fields[name] for name in order}


class PlaceParameters(BaseModel):
    """Where a flow works. Secrets come from the environment and never pass through here."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_order_form)

    home: str | None = Field(
        None,
        min_length=1,
        title="Home folder",
        description="Embedded shards, caches, the default store; empty: the worker's MINICOIL_HOME, else .minicoil",
        examples=["/var/lib/minicoil"],
    )
    store: str | None = Field(
        None,
        title="Object store",
        description="file:///path or s3://bucket/prefix; empty: the worker's MINICOIL_STORE, else inside home",
        examples=["s3://bucket/minicoil"],
    )
    qdrant_url: str | None = Field(
        None,
        title="Qdrant server",
        description="Empty: the worker's MINICOIL_QDRANT_URL, else the embedded engine in home",
        examples=["http://qdrant:6333"],
    )

    def place(self) -> Place:
        """The addresses, defaults filled in."""
        return Place.at(Path(self.home) if self.home else Settings().home, self.store, self.qdrant_url)


class ChannelParameters(PlaceParameters):
    """A flow that reads or moves a channel."""

    channel: Name = Field(
        "production", title="Channel", description="Named pointer to the release that is served", examples=["staging"]
    )


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
    sample: Sample = None
    k: float = Field(Bm25Config.k, gt=0, title="BM25 k", description="Fixed when the collection is created")
    b: float = Field(Bm25Config.b, ge=0, le=1, title="BM25 b", description="Fixed when the collection is created")
    avg_len: float | None = Field(
        None, gt=0, title="Mean length", description="In words; empty: measured on the corpus", examples=[44.0]
    )


class WordsParameters(EncoderParameters):
    """A flow that trains words: where their sentences come from and how they are judged."""

    corpus: Specs
    collections: Collections = []
    target: Literal["saturated", "correlation"] = Field(
        "saturated", title="Training target", description="saturated is the careful one; see the README"
    )
    min_sentences: int = Field(
        SamplingConfig.min_sentences,
        ge=10,
        le=100_000,
        title="Fewest sentences per word",
        description="A word with fewer stays on BM25",
    )
    max_sentences: int = Field(
        SamplingConfig.max_sentences,
        ge=10,
        le=100_000,
        title="Most sentences per word",
        description="200 reach .98 of full accuracy; more cost time",
    )
    sample: Sample = None
    role_model: RoleModel = "minilm"
    promote: bool = Field(
        True, title="Promote", description="Re-encode collections and move the channel when every gate passes"
    )
    approval_days: ApprovalDays = 14

    @model_validator(mode="after")
    def _check_sentences(self) -> Self:
        if self.min_sentences > self.max_sentences:
            raise ValueError(
                f"min_sentences {self.min_sentences} is more than max_sentences {self.max_sentences}: no word could be "
                "trained; raise the second or lower the first"
            )
        return self


class ExtendParameters(WordsParameters):
    """Teach the model words: named, read from a file, mined from the corpus, or its most frequent ones."""

    words: list[str] = Field(
        [], title="Words", description="Train these, in any of their forms", examples=[["pod", "taint"]]
    )
    words_file: str | None = Field(
        None, title="Words file", description="On the worker; one word a line, # starts a comment"
    )
    mine: int | None = Field(
        None,
        ge=1,
        le=100_000,
        title="Mine",
        description="This many words that the domain uses its own way; 200 where nothing else is asked for",
        examples=[200],
    )
    common: int | None = Field(
        None,
        ge=1,
        le=100_000,
        title="Common",
        description="This many of the corpus's most frequent words: how a first release is made",
        examples=[1000],
    )
    queries: str | None = Field(
        None, title="Query log", description="On the worker; one query a line, weights words people search for"
    )
    max_points: int | None = Field(
        None, ge=1, title="Affected points", description="Stop taking words when this many points are affected"
    )
    background: str | None = Field(
        None, title="Background", description="A corpus of general text to mine against", examples=["pydocs:numpy"]
    )
    dry_run: bool = Field(False, title="Dry run", description="Only say which words, how many points, what it costs")


class RetrainParameters(WordsParameters):
    """Measure the words that are served on fresh text, and retrain those that underperform on it."""

    below: float | None = Field(
        None,
        ge=0,
        le=1,
        title="Below",
        description="Retrain every word under this held-out ordering accuracy",
        examples=[0.65],
    )


class RemoveParameters(ChannelParameters):
    """Return words to BM25."""

    words: list[str] = Field(min_length=1, title="Words", description="In any of their forms", examples=[["pod"]])
    promote: bool = Field(True, title="Promote", description="Re-encode collections and move the channel when done")
    approval_days: ApprovalDays = 14


class ReencodeParameters(ChannelParameters):
    """Bring collections to the release that their channel serves or is about to serve."""

    collections: Collections = []
    contract: bool = Field(False, title="Contract", description="Drop the previous release's cells; ends rollback")
    dry_run: bool = Field(False, title="Dry run", description="Only count the points that would be rewritten")


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


class PromoteParameters(ChannelParameters):
    """Approve a published release: move a channel to it, re-encoding its collections first."""

    release: int = Field(ge=1, title="Release", description="A published release's number", examples=[7])
    force: bool = Field(False, title="Force", description="Also promote a release whose time to be approved has passed")


class RollbackParameters(ChannelParameters):
    """Point a channel back to its previous release; at once while that one's cells are still beside."""
