"""What the service's own helpers are started with: flows that people hardly ever start by hand."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from flows.forms.place_parameters import PlaceParameters
from minicoil.files import Number

Silence = Annotated[float, Number(60, 31_622_400)]  # seconds; a year of silence is dead in any case


class ReapParameters(BaseModel):
    """Mark runs of this service whose process is gone as crashed."""

    model_config = ConfigDict(extra="forbid")

    stale_seconds: Silence = Field(
        600.0, title="Silence", description="A running run is dead when its last heartbeat is older"
    )
    pending_seconds: Silence = Field(
        300.0, title="Waiting to start", description="A run is dead when a worker took it longer ago"
    )


class ShardParameters(PlaceParameters):
    """Encode one shard of an extension that splits its work; started by that extension, hardly ever by hand."""

    shard: str = Field(
        pattern=r"^shards/[0-9a-f]{24}/\d+\.json\.gz$",
        title="Shard",
        description="Key of the shard in the object store",
        examples=["shards/0123456789abcdef01234567/0.json.gz"],
    )


class TrainingShardParameters(PlaceParameters):
    """Train one shard of a run that splits its work; started by that run, hardly ever by hand."""

    shard: str = Field(
        pattern=r"^training/[0-9a-f]{24}/\d+\.zip$",
        title="Shard",
        description="Key of the shard in the object store",
        examples=["training/0123456789abcdef01234567/0.zip"],
    )


class ReadingShardParameters(PlaceParameters):
    """Read one shard of a corpus for a run that splits its work; started by that run, hardly ever by hand."""

    shard: str = Field(
        pattern=r"^reading/[0-9a-f]{12}/shards/[0-9a-f]{24}\.json$",
        title="Shard",
        description="Key of the shard in the object store",
        examples=["reading/0123456789ab/shards/0123456789abcdef01234567.json"],
    )
