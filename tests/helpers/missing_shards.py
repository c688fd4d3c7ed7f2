"""A shard whose object is not in the store: what its flow says, and what it leaves as it was."""

import json

import pytest

from minicoil.errors import MiniCoilError
from tasks import progress


def check_missing_shard(flow, parameters, key, home):
    """The run fails by the shard's name, is kept, and the run's progress is heard by whoever listened before."""
    before = progress.listener()
    with pytest.raises(MiniCoilError, match=key.rsplit("/", 1)[0]):
        flow(parameters(home=str(home), shard=key))
    assert progress.listener() is before
    (record,) = [json.loads(path.read_text()) for path in (home / "runs").glob("*.json")]
    assert record["flow"] == flow.__name__.replace("_", "-") and record["state"] == "Failed"
