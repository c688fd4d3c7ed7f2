"""What a person may ask of each flow: one model per flow, the form of the Prefect UI and the command line alike.

Defaults are literals and every field has a title and a description, because that is what the UI's form shows. What only
fields together can say (`_check_...`) the server cannot know: it is refused by the run, in one line.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from flows.forms.expansion_parameters import BudgetParameters
from flows.forms.place_parameters import (
    ApprovalDays,
    ChannelParameters,
    Collections,
    EncoderParameters,
    Importance,
    Name,
    RoleModel,
    Sample,
    Specs,
    Words,
)
from flows.forms.said import Said
from minicoil.config import Bm25Config, SamplingConfig
from minicoil.files import Count, Fraction, Number, Positive
from tasks.documents import OnDuplicate

Sentences = Annotated[int, Number(10, 100_000, whole=True)]
WordCount = Annotated[int, Number(1, 100_000, whole=True)]


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
    k: Positive = Field(Bm25Config.k, title="BM25 k", description="BM25 k, fixed when the collection is created")
    b: Fraction = Field(Bm25Config.b, title="BM25 b", description="BM25 b, fixed when the collection is created")
    avg_len: Positive | None = Field(
        None,
        title="Mean length",
        description="Mean length of a text in words; empty: measured on the corpus",
        examples=[44.0],
    )
    importance: Importance = "auto"


class RebuildParameters(ChannelParameters):
    """Build a collection anew beside itself, with vectors of the channel's release."""

    source: Name = Field(title="Source", description="The collection to copy", examples=["docs"])
    target: Name = Field(title="Target", description="The collection to create", examples=["docs-2"])
    text: str | None = Field(None, title="Text", description="Payload fields of the text; empty: as it is registered")
    alias: str | None = Field(None, title="Alias", description="Pointed to the target when it is right")
    back: bool = Field(False, title="Back", description="Only point the alias to the source again; the copy is kept")
    k: Positive = Field(Bm25Config.k, title="BM25 k", description="BM25 k, fixed when the collection is created")
    b: Fraction = Field(Bm25Config.b, title="BM25 b", description="BM25 b, fixed when the collection is created")
    avg_len: Positive | None = Field(
        None, title="Mean length", description="Mean length of a text in words; empty: measured on the source"
    )
    importance: Importance = "auto"


class WordsParameters(BudgetParameters, EncoderParameters):
    """A flow that trains words: where their sentences come from and how they are judged."""

    corpus: Specs
    also: Annotated[list[str], Said(is_path=True)] = Field(
        [],
        title="Also",
        description="Text that teaches the chosen words and counts for nothing else, such as general English",
        examples=[["general.jsonl"]],
    )
    collections: Collections = []
    target: Literal["saturated", "correlation", "ordering"] = Field(
        "saturated",
        title="Training target",
        description="saturated is careful; correlation is for whole vocabularies; ordering serves triplets, not search",
    )
    rounding: Literal["none", "float16"] = Field(
        "none",
        title="Rounding",
        description="float16: layers of half-precision numbers, judged as such; they pack to half the size",
    )
    min_sentences: Sentences = Field(
        SamplingConfig.min_sentences,
        title="Fewest sentences per word",
        description="A word with fewer stays on BM25",
    )
    max_sentences: Sentences = Field(
        SamplingConfig.max_sentences,
        title="Most sentences per word",
        description="Most that a word is trained on; 200 reach .98 of full accuracy",
    )
    sample: Sample = None
    role_model: RoleModel = "minilm"
    promote: bool = Field(
        True, title="Promote", description="Re-encode collections and move the channel when every gate passes"
    )
    queries: Annotated[str | None, Said(is_path=True)] = Field(
        None,
        title="Query log",
        description="On the worker; one query a line or JSON lines, weights words searched for; empty: titles and "
        "first sentences stand in where points are counted",
    )
    max_points: Count | None = Field(
        None,
        title="Affected points",
        description="Take the words of most expected gain per point, as long as no more points carry one of them",
        examples=[5000],
    )
    max_ids: Count | None = Field(
        None,
        title="Word ids",
        description="Most ids that this run may take: each new or retrained word takes one for good. Empty: all",
    )
    approval_days: ApprovalDays = 14
    evaluate: Annotated[bool, Said("--no-evaluate", help="Publish without judging retrieval and without a report")] = (
        Field(True, title="Evaluate", description="Judge retrieval before publishing; about a minute")
    )
    judged_sets: Annotated[list[str], Said("--evaluate", is_path=True)] = Field(
        [],
        title="Judged sets",
        description="BEIR folders to judge retrieval on as well, or public sets by name: beir:NAME, nanobeir:NAME",
        examples=[["sets/scifact"], ["nanobeir:scifact"]],
    )
    judge_at_most: Count | None = Field(
        None,
        title="Judge at most",
        description="A quick look: at most this many queries and documents of a set, and words that lose there left "
        "out; empty: 300 queries on 1,500 documents",
        examples=[300],
    )
    text_in_report: Annotated[bool, Said("--no-text", help="Leave the corpus's sentences out of the report")] = Field(
        True, title="Sentences in the report", description="Off: no text of the corpus in it"
    )

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
    words_file: Annotated[str | None, Said(is_path=True)] = Field(
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
    ambiguous: WordCount | None = Field(
        None,
        title="Ambiguous",
        description="This many words that the corpus itself uses in several meanings; their sentences are looked at",
        examples=[24],
    )
    background: str | None = Field(
        None, title="Background", description="A corpus of general text to mine against", examples=["pydocs:numpy"]
    )
    importance: Literal["keep", "learn", "none"] = Field(
        "keep",
        title="Importance",
        description="How much a word matters in its text. keep: what the parent has; learn: where it has none, from "
        "the titles of this corpus; none: leave it out",
    )
    licence: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$")] | None = Field(
        None,
        title="Licence",
        description="Of the release, for its card, as hubs spell it; what grows from it has it too. Empty: what its "
        "parent says, else the base's or the packaged encoder's",
        examples=["apache-2.0"],
    )
    dry_run: bool = Field(False, title="Dry run", description="Only say which words, how many points, what it costs")

    @property
    def only_looks(self) -> bool:
        """A dry run."""
        return self.dry_run

    @model_validator(mode="after")
    def _check_ambiguous(self) -> Self:
        if self.ambiguous and (self.dry_run or self.max_points is not None):
            raise ValueError(
                "ambiguous words are found by encoding their sentences: leave dry_run and max_points out, or choose "
                "words by mine or common"
            )
        return self


class RetrainParameters(WordsParameters):
    """Measure the words that are served on fresh text, and retrain those that underperform on it."""

    below: Fraction | None = Field(
        None,
        title="Below",
        description="Also retrain every word under this held-out ordering accuracy",
        examples=[0.65],
    )


class RemoveParameters(BudgetParameters):
    """Return words to BM25."""

    words: Words = Field(min_length=1, title="Words", description="In any of their forms", examples=[["pod"]])
    promote: bool = Field(True, title="Promote", description="Re-encode collections and move the channel when done")
    approval_days: ApprovalDays = 14


class AttachParameters(ChannelParameters):
    """Adopt a collection that carries miniCOIL vectors already."""

    collection: Name = Field(title="Collection", description="As Qdrant names it", examples=["docs"])
    vector: str = Field(title="Vector", description="Name of its miniCOIL sparse vector", examples=["minicoil"])
    text: str | None = Field(
        None,
        title="Text",
        description="Payload fields that the text is made of, as {title}\\n{body}",
        examples=["{title}\\n{body}"],
    )
    corpus: Annotated[list[str], Said(is_path=True)] = Field(
        [], title="Corpus", description="Has the texts by id, where the payload has none"
    )
    join: str = Field("", title="Join", description="Payload field with the document's id; empty: the point's own id")
    base: Annotated[str | None, Said(is_path=True)] = Field(
        None, title="Base", description="Model it was encoded with, if no release of the channel"
    )
    k: Positive | None = Field(None, title="BM25 k", description="BM25 k; empty: found from its vectors")
    b: Fraction | None = Field(None, title="BM25 b", description="BM25 b; empty: found from its vectors")
    avg_len: Positive | None = Field(
        None, title="Mean length", description="Mean length of a text in words; empty: found from its vectors"
    )
    tenant: str | None = Field(None, title="Tenant", description="Payload field that scopes IDF, if it has tenants")

    @field_validator("text")
    @classmethod
    def _read_escapes(cls, text: str | None) -> str | None:
        """A shell hands a line break over as backslash and letter."""
        return None if text is None else text.replace("\\n", "\n").replace("\\t", "\t")
