"""The service's own helpers take keys of shards and nothing that leads elsewhere in the store."""

import pytest
from pydantic import ValidationError

from flows.forms.upkeep_parameters import (
    ReadingShardParameters,
    ReapParameters,
    ShardParameters,
    TrainingShardParameters,
)
from flows.upkeep.reaping import PENDING_SECONDS, STALE_SECONDS

KEYS = {
    ShardParameters: f"shards/{'0a' * 12}/0.json.gz",
    TrainingShardParameters: f"training/{'0a' * 12}/12.zip",
    ReadingShardParameters: f"reading/{'0a' * 6}/shards/{'0a' * 12}.json",
}


@pytest.mark.parametrize("form", KEYS)
def test_a_shard_is_named_by_its_key_alone(form):
    key = KEYS[form]
    assert form(shard=key).shard == key
    others = [other for kind, other in KEYS.items() if kind is not form]
    for wrong in (*others, f"../{key}", f"/{key}", f"{key}\n", key.upper(), key.replace("0a", "zz"), f"{key}.part", ""):
        with pytest.raises(ValidationError, match="shard"):
            form(shard=wrong)


@pytest.mark.parametrize("field", ["stale_seconds", "pending_seconds"])
def test_silence_is_of_a_minute_to_a_year(field):
    assert ReapParameters(**{field: 60}) and ReapParameters(**{field: 31_622_400})
    for wrong in (59, 0, -1, float("nan"), 31_622_401, True):
        with pytest.raises(ValidationError, match=field):
            ReapParameters(**{field: wrong})


def test_the_silence_that_a_schedule_reaps_at_is_the_one_of_the_program():
    asked = ReapParameters()
    assert (asked.stale_seconds, asked.pending_seconds) == (STALE_SECONDS, PENDING_SECONDS)
