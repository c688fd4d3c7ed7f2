"""A shard that is not in the store is named, and the run's progress is heard by whoever listened before."""

import json

import pytest

from flows.forms.upkeep_parameters import ReadingShardParameters
from flows.read_shard import read_shard
from minicoil.errors import MiniCoilError
from tasks import progress

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own
KEY = "reading/0123456789ab/shards/0123456789abcdef01234567.json"


def test_a_shard_that_is_not_there_is_named(tmp_path):
    before = progress.listener()
    with pytest.raises(MiniCoilError, match=KEY.rsplit("/", 1)[0]):
        read_shard(ReadingShardParameters(home=str(tmp_path), shard=KEY))
    assert progress.listener() is before
    (record,) = [json.loads(path.read_text()) for path in (tmp_path / "runs").glob("*.json")]
    assert record["flow"] == "read-shard" and record["state"] == "Failed"
