"""What a person may ask of the flows that measure what a release does for search."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from flows.forms.place_parameters import ChannelParameters, Name, PlaceParameters
from flows.forms.said import Said
from minicoil.config import Bm25Config
from minicoil.files import Fraction, Number, Positive, Release, ReleaseOrEmpty

Depth = Annotated[int, Number(1, 100, whole=True)]
RunFile = Annotated[
    str | None,
    Field(
        title="Run file",
        description="On the worker: rankings are written beside it in TREC's form, one file each, x.run as x.bm25.run",
        examples=["runs/scifact.run"],
    ),
    Said(is_path=True),
]


class EvaluateParameters(ChannelParameters):
    """Measure retrieval: a release against BM25 of the same words and against its parent."""

    folder: Annotated[str | None, Said(is_path=True)] = Field(
        None,
        title="BEIR folder",
        description="corpus.jsonl, queries.jsonl and qrels/test.tsv; or beir:NAME, nanobeir:NAME, read from the hub "
        "once; empty: queries made from a collection's own text",
        examples=["sets/scifact", "nanobeir:scifact"],
    )
    release: Release | None = Field(None, title="Release", description="Its number; empty: what the channel serves")
    model: Annotated[str | None, Said(is_path=True)] = Field(
        None, title="Model folder", description="A folder that FastEmbed loads, published or not"
    )
    parent: str | None = Field(
        None, title="Parent", description="Release number or folder to compare with; empty: the release's own"
    )
    collection: Name | None = Field(None, title="Collection", description="Search in this one, or make queries from it")
    in_memory: bool = Field(False, title="In memory", description="Score without an engine: the same figures")
    k: Positive = Field(Bm25Config.k, title="BM25 k", description="BM25 k; a collection's own wins")
    b: Fraction = Field(Bm25Config.b, title="BM25 b", description="BM25 b; a collection's own wins")
    avg_len: Positive | None = Field(
        None, title="Mean length", description="Mean length of a text in words; empty: measured on the set"
    )
    run: RunFile = None

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
    queries: Annotated[str, Said(is_path=True)] = Field(
        title="Queries", description="A file of one query a line, or of JSON lines with text"
    )
    limit: Depth = Field(10, title="Depth", description="Results compared per query")
    run: RunFile = None
