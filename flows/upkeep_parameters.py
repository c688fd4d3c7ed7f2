"""What the service's own helpers are started with: flows that people hardly ever start by hand."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from flows.place_parameters import PlaceParameters


class ReapParameters(BaseModel):
    """Mark runs of this service whose process is gone as crashed."""

    model_config = ConfigDict(extra="forbid")

    stale_seconds: float = Field(
        600.0, ge=60, title="Silence", description="A running run is dead when its last heartbeat is older"
    )
    pending_seconds: float = Field(
        300.0, ge=60, title="Waiting to start", description="A run is dead when a worker took it longer ago"
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
