"""A shard that is not in the store is named, and the run's progress is heard by whoever listened before."""

import pytest
from missing_shards import check_missing_shard

from flows.forms.upkeep_parameters import TrainingShardParameters
from flows.train_shard import train_shard

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own
KEY = "training/0123456789abcdef01234567/0.zip"


def test_a_shard_that_is_not_there_is_named(tmp_path):
    check_missing_shard(train_shard, TrainingShardParameters, KEY, tmp_path)
