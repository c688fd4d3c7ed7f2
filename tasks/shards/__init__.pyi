from .encoding_shards import (
    cut_shards as cut_shards,
    encode_shard as encode_shard,
    merge_shards as merge_shards,
    result_key as result_key,
)
from .shard_files import ShardModel as ShardModel
from .training_shards import TrainingWork as TrainingWork, cut_training as cut_training, train_shard as train_shard
