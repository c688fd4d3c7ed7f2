"""What a Qdrant server of some version can do."""

from __future__ import annotations

import re
from dataclasses import dataclass

TESTED_VERSION = "1.18.3"  # of the server that the tests' double answers as, and that the compose file runs


@dataclass(frozen=True)
class ServerFeatures:
    """What a server of some version can do; what it cannot has a fallback, named here.

    Attributes:
        guarded_writes: Looks at a filter at the moment of writing vectors (1.16); else a text that changes between our
            look and the write may keep vectors of its old text until the next sweep.
        slices: Cuts the id space itself (1.19); else every worker reads all candidates and keeps its own.
        idf_corpus: Counts IDF over a filter (1.19); else over the whole shard.
        new_vectors: Adds a named vector to a collection that is there (1.18); else a collection is rebuilt beside it.
    """

    guarded_writes: bool
    slices: bool
    idf_corpus: bool
    new_vectors: bool

    @staticmethod
    def of_version(version: str) -> ServerFeatures:
        """Of "1.16.3", "1.20.0-dev"; of something unreadable, none."""
        found = re.match(r"(\d+)\.(\d+)", version)
        number = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
        return ServerFeatures(number >= (1, 16), number >= (1, 19), number >= (1, 19), number >= (1, 18))
