"""Counts on disk, written by whoever counted a part of a corpus and added up by whoever has all parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from minicoil.words.word_counts import BUCKETS, CountColumns

_WIDTH = 4 * BUCKETS  # bytes of a sketch


def write_counts(counts: CountColumns, path: Path) -> None:
    """One parquet file: a row a token, then a row a word; the totals stand beside the columns."""
    totals = {
        name: str(n) for name, n in zip(_TOTALS, (counts.n_documents, counts.n_sentences, counts.n_words), strict=True)
    }
    n, m = len(counts.tokens), len(counts.words)
    raw = np.ascontiguousarray(counts.sketches, "<u4").tobytes()
    sketches = pa.FixedSizeBinaryArray.from_buffers(pa.binary(_WIDTH), m, [None, pa.py_buffer(raw)])
    columns = [
        pa.array([*counts.tokens, *counts.words], pa.string()),
        pa.array(np.concatenate([counts.token_counts, counts.documents])),
        pa.concat_arrays([pa.nulls(n, pa.binary(_WIDTH)), sketches]),
    ]
    table = pa.table(columns, ["name", "count", "sketch"]).replace_schema_metadata(totals)
    parquet.write_table(table, path, compression="zstd", compression_level=1, use_dictionary=False)


def read_counts(path: Path) -> CountColumns:
    """What `write_counts` wrote.

    Raises:
        ValueError: it is something else, or damaged.
    """
    try:
        table = parquet.read_table(path, use_threads=False).combine_chunks()
        n_documents, n_sentences, n_words = (int(table.schema.metadata[name.encode()]) for name in _TOTALS)
        names, counts = table["name"].to_pylist(), table["count"].to_numpy().astype(np.int64)
        sketches: Any = pa.concat_arrays(table["sketch"].chunks) if table.num_rows else pa.nulls(0, pa.binary(_WIDTH))
        n = sketches.null_count
        raw = np.frombuffer(sketches.buffers()[1] or b"", np.uint8).reshape(-1, _WIDTH)[n : len(names)]
        sketch = raw.view("<u4")
        return CountColumns(n_documents, n_sentences, n_words, names[:n], counts[:n], names[n:], counts[n:], sketch)
    except (pa.ArrowException, OSError, KeyError, TypeError) as error:
        raise ValueError(f"these are no counts ({' '.join(str(error).split())})") from error


_TOTALS = ("n_documents", "n_sentences", "n_words")
