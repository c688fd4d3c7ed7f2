"""What a person may say of the readers of collections."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flows.forms.place_parameters import ChannelParameters, Collections, Name
from minicoil.files import Days, Release
from tasks.catalogue import ReadersRequest

Ack = Annotated[str, Field(pattern=r"^(all|[0-9]{1,9})$")]


class ReadersParameters(ChannelParameters):
    """Confirm that nobody reads a release any more, register a reader that says nothing itself, or only look."""

    acknowledged: list[Ack] = Field(
        [],
        title="Nobody reads",
        description="Releases whose cells may go from the collections; all: every one that is not served",
        examples=[["6"], ["all"]],
    )
    name: Name | None = Field(None, title="Register", description="A reader by name", examples=["shop-api"])
    release: Release | None = Field(None, title="Its release", description="What the registered reader was given")
    days: Days | None = Field(None, title="Its days", description="Until it counts as gone; empty: for ever")
    unregister: Name | None = Field(
        None, title="Unregister", description="A reader that is gone", examples=["shop-api"]
    )
    known: bool | None = Field(
        None, title="All known", description="Whether all readers follow the channel or are registered; empty: unsaid"
    )
    collections: Collections = []

    def request(self) -> ReadersRequest:
        """As `tasks` takes it."""
        values = self.model_dump(exclude={"home", "store", "qdrant_url", "acknowledged", "collections"})
        return ReadersRequest(**values, acknowledged=tuple(self.acknowledged), collections=tuple(self.collections))
