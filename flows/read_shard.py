"""The flow `read-shard`: some pieces of a run's corpus, split or counted on whatever worker takes them."""

from __future__ import annotations

from flows.forms import ReadingShardParameters
from flows.orchestration import flow, progress_on_page
from flows.outcomes import ReadShardOutcome
from tasks.reading import read_shard as read


@flow(name="read-shard", description="Read one shard of a corpus; started by a run that splits its work.")
def read_shard(parameters: ReadingShardParameters) -> ReadShardOutcome:
    """Needs no turn on the channel: it reads a corpus and writes objects of its own."""
    with progress_on_page():
        return ReadShardOutcome.of(read(parameters.place(), parameters.shard))
