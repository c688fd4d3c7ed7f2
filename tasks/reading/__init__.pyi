from .piece_files import LOOKING as LOOKING, PREFIX as PREFIX
from .reading import Reading as Reading, count_background as count_background, read_sentences as read_sentences
from .reading_shards import read_shard as read_shard
from .shared_reading import PieceReading as PieceReading
