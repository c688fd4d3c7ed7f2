"""What was read, as columns in the object store: sentences sorted by key, each once, with the words it has.

A piece is a parquet file of some 250,000 sentences. Drawing the sentences of a thousand words reads two columns of each
piece; text is read only of those that are drawn. Pieces are written whole and never changed: what forgets a sentence
writes another piece and then deletes this one.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from numpy.typing import NDArray
from pyarrow import parquet

from minicoil.errors import StoreError
from minicoil.folder import file_digest
from minicoil.keys import LowestKeys
from tasks.store import ObjectStore

PREFIX = "sentences/"
GROUP = 2**15  # sentences of a row group, the least that is read together
logger = logging.getLogger(__name__)
Keys = NDArray[np.uint64]
_Layer = tuple[Any, NDArray[np.int32]]
_WORDS = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema([("key", pa.uint64()), ("text", pa.string()), ("doc", _WORDS), ("words", pa.list_(_WORDS))])
_DICTIONARIES = ["doc", "words.list.element"]


@dataclass(frozen=True)
class StoredSentence:
    """One row.

    Attributes:
        key: Hash of what it says.
        text, doc: The sentence, and the document it is deleted with.
        words: The tokenizer's, without stopwords and marks, each once.
    """

    key: int
    text: str
    doc: str
    words: tuple[str, ...]


class SentenceColumns:
    """The pieces of one sentence store.

    Args:
        store: Where they lie.
        name: Of the sentence store; each has pieces of its own.
        cache: Folder for copies of pieces that lie elsewhere; those of pieces that are gone are removed.
    """

    def __init__(self, store: ObjectStore, name: str, cache: Path) -> None:
        self._store, self._cache, self.name = store, cache / "columns" / name, name
        self.prefix = f"{PREFIX}{name}/"
        self._files: dict[str, Any] = {}  # pieces never change
        self._last: dict[str, tuple[int, Any]] = {}  # of each piece the row group that was read last

    def pieces(self) -> list[str]:
        """Keys of the pieces there are."""
        found = [entry.key for entry in self._store.list(self.prefix) if entry.key.endswith(".parquet")]
        names = {key.rsplit("/", 1)[1] for key in found}
        for copy in self._cache.iterdir() if self._cache.exists() else ():
            if copy.name not in names:
                copy.unlink(missing_ok=True)
        for gone in self._files.keys() - set(found):
            del self._files[gone]
            self._last.pop(gone, None)
        return found

    def count(self) -> int:
        """Rows; a sentence that two processes read at once counts twice."""
        return sum(self._open(piece).metadata.num_rows for piece in self.pieces())

    def key_pages(self) -> Iterator[Keys]:
        """(n,) uint64 sorted keys of each piece."""
        for piece in self.pieces():
            yield self._keys(piece)

    def write(self, rows: Any) -> str:
        """Store a table with the columns of `SCHEMA` as one more piece; returns its key.

        A piece is named by what is in it: written again, it is the same one.
        """
        rows = rows.take(pa.array(np.argsort(rows["key"].to_numpy(), kind="stable")))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "piece.parquet"
            parquet.write_table(
                rows,
                path,
                row_group_size=GROUP,
                compression="zstd",
                compression_level=1,
                use_dictionary=_DICTIONARIES,
                dictionary_pagesize_limit=2**26,
            )
            digest = file_digest(path)
            key = f"{self.prefix}{digest[:24]}.parquet"
            self._store.upload(key, path, digest)
        return key

    def draw(self, forms: Mapping[str, Sequence[str]], n: int, domain: Keys) -> dict[str, tuple[Keys, Keys]]:
        """For each word the lowest `n` keys of sentences with one of its forms, inside a corpus and outside of it.

        Args:
            forms: Word -> surface forms.
            n: Most keys of either kind.
            domain: (m,) uint64 sorted keys of the corpus.
        """
        words = sorted(forms)
        asked = _layers([(form, number) for number, word in enumerate(words) for form in dict.fromkeys(forms[word])])
        inside, outside = LowestKeys(len(words), n), LowestKeys(len(words), n)
        for group in self._groups(["key", "words"]):
            keys = group["key"].to_numpy()
            is_here = _contains(domain, keys)
            for rows, numbers in _find_words(group["words"], asked):
                here = is_here[rows]
                inside.add(numbers[here], keys[rows[here]])
                outside.add(numbers[~here], keys[rows[~here]])
        return {word: (inside.of(number), outside.of(number)) for number, word in enumerate(words)}

    def with_forms(self, forms: Sequence[str]) -> Keys:
        """(n,) uint64 ascending keys of all sentences with one of the forms."""
        found, asked = [np.zeros(0, np.uint64)], _layers([(form, 0) for form in set(forms)])
        for group in self._groups(["key", "words"]):
            keys = group["key"].to_numpy()
            found += [keys[rows] for rows, _ in _find_words(group["words"], asked)]
        return np.unique(np.concatenate(found))

    def rows(self, keys: Collection[int]) -> dict[int, StoredSentence]:
        """The sentences of some keys; fastest where these lie near each other, as in sorted pages."""
        asked = np.unique(np.fromiter(keys, np.uint64, len(keys)))
        found: dict[int, StoredSentence] = {}
        for piece in self.pieces() if len(asked) else ():
            for number, (low, high) in enumerate(self._bounds(piece)):
                first, last = np.searchsorted(asked, [low, high], side="left")
                last += last < len(asked) and asked[last] == high
                if first == last:
                    continue
                group = self._group(piece, number)
                places = np.flatnonzero(_contains(asked[first:last], group["key"].to_numpy()))
                for row in group.take(pa.array(places)).to_pylist() if len(places) else ():
                    found[row["key"]] = StoredSentence(row["key"], row["text"], row["doc"], tuple(row["words"]))
        return found

    def of_document(self, doc: str) -> Iterator[list[StoredSentence]]:
        """The sentences first read in a document, in lists."""
        for group in self._groups(SCHEMA.names):
            places = pc.equal(pc.cast(group["doc"], pa.string()), doc)
            rows = group.filter(places).to_pylist()
            if rows:
                yield [StoredSentence(row["key"], row["text"], row["doc"], tuple(row["words"])) for row in rows]

    def delete(self, keys: Collection[int]) -> int:
        """Remove sentences from every piece, and from the copies here; returns how many keys there were.

        Killed in between, a piece stands beside its successor, and the same call finishes.
        """
        gone = np.unique(np.fromiter(keys, np.uint64, len(keys)))
        found: set[int] = set()
        for piece in self.pieces() if len(gone) else ():
            own = self._keys(piece)
            leaves = _contains(gone, own)
            if not leaves.any():
                continue
            found |= set(own[leaves].tolist())
            if not leaves.all():
                self.write(self._without(piece, gone))
            self._store.delete(piece)
        self.pieces()  # drops copies of what is gone
        return len(found)

    def _without(self, piece: str, gone: Keys) -> Any:
        """The rows of a piece without some of them."""
        kept = []
        for number in range(self._open(piece).num_row_groups):  # together they would have several dictionaries of words
            group = self._read(piece, number, SCHEMA.names)
            group = group.filter(pa.array(~_contains(gone, group["key"].to_numpy())))
            plain = group["words"].combine_chunks()
            words = pa.ListArray.from_arrays(from_zero(plain.offsets), plain.flatten().cast(pa.string()))
            kept.append(pa.table([group["key"], group["text"], group["doc"].cast(pa.string()), words], SCHEMA.names))
        rows = pa.concat_tables(kept).combine_chunks()
        lists, docs = rows["words"].chunk(0), rows["doc"].chunk(0).dictionary_encode()
        words = pa.ListArray.from_arrays(from_zero(lists.offsets), lists.flatten().dictionary_encode())
        return pa.table([rows["key"], rows["text"], docs, words], schema=SCHEMA)

    def _groups(self, columns: Sequence[str]) -> Iterator[Any]:
        for piece in self.pieces():
            for number in range(self._open(piece).num_row_groups):
                yield self._read(piece, number, columns)

    def _group(self, piece: str, number: int) -> Any:
        if self._last.get(piece, (-1, None))[0] != number:
            self._last[piece] = (number, self._read(piece, number, SCHEMA.names))
        return self._last[piece][1]

    def _bounds(self, piece: str) -> list[tuple[int, int]]:
        """Lowest and highest key of each row group."""
        metadata = self._open(piece).metadata
        column = metadata.schema.names.index("key")
        groups = (metadata.row_group(i).column(column).statistics for i in range(metadata.num_row_groups))
        return [(group.min, group.max) for group in groups]

    def _open(self, piece: str) -> Any:
        if piece not in self._files:
            self._files[piece] = self._opened(piece)
        return self._files[piece]

    def _opened(self, piece: str) -> Any:
        path = self._store.local_path(piece)
        if path is None:
            path = self._cache / piece.rsplit("/", 1)[1]
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                self._store.download(piece, path)
        with _told(piece):
            return parquet.ParquetFile(path, read_dictionary=_DICTIONARIES)

    def _read(self, piece: str, number: int, columns: Sequence[str]) -> Any:
        with _told(piece):
            return self._open(piece).read_row_group(number, list(columns), use_threads=False)

    def _keys(self, piece: str) -> Keys:
        with _told(piece):
            keys: Keys = self._open(piece).read(["key"], use_threads=False)["key"].to_numpy()
            return keys


@contextmanager
def _told(piece: str) -> Iterator[None]:
    """What a damaged piece makes of itself, as one error."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise StoreError(
            f"{piece} is no piece of sentences ({' '.join(str(error).split())}); delete it, then read the corpus "
            "again: what the other pieces hold is kept"
        ) from error


def from_zero(offsets: Any) -> Any:
    """Offsets of lists whose values are flattened: those of a part of a larger array begin later."""
    return pc.subtract(offsets, offsets[0])


def _layers(asked: Sequence[tuple[str, int]]) -> list[_Layer]:
    """Forms with the numbers of their words, each form once in a layer: it may be one of several words."""
    layers: list[dict[str, int]] = []
    for form, number in asked:
        layer = next((layer for layer in layers if form not in layer), None)
        if layer is None:
            layers.append(layer := {})
        layer[form] = number
    return [(pa.array(list(layer), pa.string()), np.fromiter(layer.values(), np.int32, len(layer))) for layer in layers]


def _find_words(lists: Any, asked: Sequence[_Layer]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32]]]:
    """Rows with a form, and the number of the word that it is one of."""
    column = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    rows = np.repeat(np.arange(len(column)), np.diff(column.offsets.to_numpy()))
    values = column.flatten()
    places = values.indices.to_numpy(zero_copy_only=False)
    for forms, numbers in asked if len(places) else ():
        form_of = pc.index_in(values.dictionary, value_set=forms).fill_null(-1).to_numpy()
        found = np.append(numbers, np.int32(-1))[form_of][places]
        hit = np.flatnonzero(found >= 0)
        yield rows[hit], found[hit]


def _contains(among: Keys, keys: Keys) -> NDArray[np.bool_]:
    """Whether each of `keys` is one of the sorted `among`."""
    if not len(among):
        return np.zeros(len(keys), bool)
    places = np.minimum(np.searchsorted(among, keys), len(among) - 1)
    found: NDArray[np.bool_] = among[places] == keys
    return found
