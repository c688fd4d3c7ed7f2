"""The flow `encode-shard`: one shard of an extension's sentences, on whatever worker takes it."""

from __future__ import annotations

from flows.forms import ShardParameters
from flows.orchestration import flow, progress_on_page
from flows.outcomes import EncodedShardOutcome
from tasks.shards import encode_shard as encode


@flow(name="encode-shard", description="Encode one shard of sentences; started by an extension that splits its work.")
def encode_shard(parameters: ShardParameters) -> EncodedShardOutcome:
    """Needs no turn on the channel: it reads a release and writes an object of its own."""
    with progress_on_page():
        return EncodedShardOutcome.of(encode(parameters.place(), parameters.shard))
