"""What is done with a shard of each kind; asked for by name, so that who reads text loads no trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasks.place import Place

SHARDS = ("encode-shard", "train-shard", "read-shard")


def shard_work(what: str) -> Callable[[Place, str], dict[str, Any]]:
    """The function of the flow `what`: works on the shard under a key, where nobody has."""
    if what == "read-shard":
        from tasks.reading import read_shard

        return read_shard
    from tasks.shards import encode_shard, train_shard

    return {"encode-shard": encode_shard, "train-shard": train_shard}[what]
