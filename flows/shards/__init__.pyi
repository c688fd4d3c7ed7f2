from .sharding import (
    encode_in_shards as encode_in_shards,
    read_in_shards as read_in_shards,
    train_in_shards as train_in_shards,
)
