"""What a person may ask of the flow that adds miniCOIL vectors to a live collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, field_validator, model_validator

from flows.forms.place_parameters import EncoderParameters, Importance, Name, Part, read_part
from flows.forms.said import Said
from minicoil.config import Bm25Config
from minicoil.files import Fraction, Positive

if TYPE_CHECKING:
    from tasks.adoption import AdoptRequest
    from tasks.rewriting import ExpansionOptions


class AdoptParameters(EncoderParameters):
    """Add miniCOIL vectors to a live collection in place, filled from its points' payload; or take them back."""

    collection: Name = Field(title="Collection", description="As Qdrant names it, or an alias", examples=["docs"])
    text: str | None = Field(
        None,
        title="Text",
        description="Payload fields that the text is made of; empty: as an earlier run had it",
        examples=["{title}\\n{body}"],
    )
    vector: str = Field("minicoil", min_length=1, title="Vector", description="Name that the miniCOIL vector gets")
    bm25: Annotated[
        bool, Said("--no-bm25", help="Leave the plain BM25 vector out: no --compare, half the postings")
    ] = Field(True, title="Plain BM25 beside", description="A second vector, for comparing and judging")
    k: Positive = Field(Bm25Config.k, title="BM25 k", description="BM25 k, fixed when the collection is adopted")
    b: Fraction = Field(Bm25Config.b, title="BM25 b", description="BM25 b, fixed when the collection is adopted")
    avg_len: Positive | None = Field(
        None, title="Mean length", description="Mean length of a text in words; empty: measured on a sample"
    )
    importance: Importance = "auto"
    points_per_second: Positive | None = Field(
        None, title="Points per second", description="Most points written a second; empty: as fast as it goes"
    )
    part: Part = None
    undo: bool = Field(False, title="Undo", description="Remove everything that adopting added, and nothing else")
    dry_run: bool = Field(False, title="Dry run", description="Only say what would be added, or removed, and the cost")

    @field_validator("text")
    @classmethod
    def _read_escapes(cls, text: str | None) -> str | None:
        """A shell hands a line break over as backslash and letter."""
        return None if text is None else text.replace("\\n", "\n").replace("\\t", "\t")

    @model_validator(mode="after")
    def _check_undo(self) -> Self:
        if self.undo and self.part is not None:
            raise ValueError("undo goes over the whole collection; leave part out")
        return self

    def request(self) -> AdoptRequest:
        """As `tasks` takes it."""
        from tasks.adoption import AdoptRequest  # brings the whole room in, which options do without

        return AdoptRequest(
            self.collection,
            self.channel,
            self.text,
            self.encoder,
            self.dims,
            self.vector,
            self.bm25,
            self.k,
            self.b,
            self.avg_len,
            self.importance,
            self.language,
        )

    def options(self) -> ExpansionOptions:
        """Share of the points, and pace."""
        from tasks.rewriting import ExpansionOptions

        return ExpansionOptions(read_part(self.part), self.points_per_second)
