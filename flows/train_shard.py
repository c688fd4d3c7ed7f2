"""The flow `train-shard`: some of a run's words, trained on whatever worker takes them."""

from __future__ import annotations

from flows.forms import TrainingShardParameters
from flows.orchestration import flow, progress_on_page
from flows.outcomes import TrainedShardOutcome
from tasks.shards import train_shard as train


@flow(name="train-shard", description="Train one shard of words; started by a run that splits its work.")
def train_shard(parameters: TrainingShardParameters) -> TrainedShardOutcome:
    """Needs no turn on the channel: it reads a release and writes what it learned under `words/`."""
    with progress_on_page():
        return TrainedShardOutcome.of(train(parameters.place(), parameters.shard))
