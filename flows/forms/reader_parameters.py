"""What a person may say of the readers of collections."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from flows.forms.place_parameters import ChannelParameters, Collections, Name
from flows.forms.said import Said
from minicoil.files import Days, Release
from tasks.readers import ReadersRequest

_ACK = r"^(all|[0-9]{1,9})$"


def _check_ack(value: str) -> str:
    if not re.fullmatch(_ACK, value):
        raise ValueError(f"'{value}': a release's number was expected, or 'all'")
    return value


Ack = Annotated[str, AfterValidator(_check_ack), Field(json_schema_extra={"pattern": _ACK})]


class ReadersParameters(ChannelParameters):
    """Confirm that nobody reads a release any more, register a reader that says nothing itself, or only look."""

    acknowledged: Annotated[list[Ack], Said("--ack")] = Field(
        [],
        title="Nobody reads",
        description="Releases that nobody reads any more: their cells may go; all: every one that is not served",
        examples=[["6"], ["all"]],
    )
    name: Annotated[Name | None, Said("--register")] = Field(
        None, title="Register", description="A reader that says nothing itself, by name", examples=["shop-api"]
    )
    release: Release | None = Field(None, title="Its release", description="What the registered reader was given")
    days: Days | None = Field(None, title="Its days", description="Until it counts as gone; empty: for ever")
    unregister: Name | None = Field(
        None, title="Unregister", description="A registered reader that is gone", examples=["shop-api"]
    )
    known: Annotated[bool | None, Said("--known/--unknown")] = Field(
        None, title="All known", description="Whether all readers follow the channel or are registered; empty: unsaid"
    )
    collections: Collections = Field(
        [], title="Collections", description="That this is said of; empty: every collection on the channel"
    )

    def request(self) -> ReadersRequest:
        """As `tasks` takes it."""
        values = self.model_dump(exclude={"home", "store", "qdrant_url", "acknowledged", "collections"})
        return ReadersRequest(**values, acknowledged=tuple(self.acknowledged), collections=tuple(self.collections))
