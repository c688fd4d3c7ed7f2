"""What must hold after every kill, and what a home comes to in the end."""

from typing import Any

from crash_homes import QUERIES
from crash_trials import Extent

from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import check_bundle, file_digest
from minicoil.sparse.model import MiniCoil
from minicoil.words.ledger import Ledger
from tasks.catalogue.channels import read_channel
from tasks.catalogue.manifest import read_manifest
from tasks.catalogue.registry import CollectionRecord, open_record
from tasks.catalogue.releases import release_numbers, verify_release
from tasks.collections.searching import search_collection, served_release
from tasks.models.bundles import open_model
from tasks.place import Place
from tasks.points import Point
from tasks.sentences.kept_sentences import KeptSentences

TOLERANCE = 1e-4
CHANNEL, COLLECTION = "production", "docs"
STAMPS = ("mc_release", "mc_union")
NUMBERED = (
    "ledger/",
    "README.md",
    "minicoil.onnx",
    "minicoil_head.onnx",
    "minicoil_rows.onnx",
)  # files that name their release's number

Cells = dict[int, float]


class Checker:
    """Holds homes against what their releases say; what a text becomes under a release is computed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], dict[str, Cells]] = {}

    def check(self, place: Place, at_least: int | None) -> int | None:
        """Nothing published is lost, nothing half-done is visible, search is right, the ledger true.

        Args:
            place: A home whose command was just killed.
            at_least: Release that the channel named before.

        Returns:
            The release that the channel names now.
        """
        store = place.objects()
        numbers, state = release_numbers(store), read_channel(store, CHANNEL)
        assert {state.current, state.previous, state.pending} - {None} <= {*numbers}, (state, numbers)
        assert (state.current or 0) >= (at_least or 0), f"the channel went back from {at_least} to {state.current}"
        for number in numbers:
            assert verify_release(store, number) == [], f"release {number}"
        if state.current is not None:
            check_ledger(place, state.current, numbers)
        record = open_record(store, COLLECTION)
        rows = read_points(place)
        self._check_points(place, record, rows, numbers)
        self._check_search(place, record, rows)
        return state.current

    def snapshot(self, place: Place) -> dict[str, Any]:
        """All of a home that counts, releases told by their order: two homes that say the same are the same."""
        store = place.objects()
        numbers, state = release_numbers(store), read_channel(store, CHANNEL)
        ranks = {number: rank for rank, number in enumerate(numbers, 1)} | {0: 0, None: None, -1: -1}
        record = open_record(store, COLLECTION)
        manifests = [read_manifest(store, number) for number in numbers]
        found = [search_collection(place, COLLECTION, query, 10)["results"] for query in QUERIES]
        with place.points() as points:
            names = points.names()
            n_sentences = {name: points.count(name) for name in names if name != COLLECTION}
            n_read = {kept.name: kept.count() for kept in KeptSentences.all_kept(place, points)}
        return {
            "channel": [ranks[state.current], ranks[state.previous], ranks[state.pending], state.phase],
            "files": [
                {path: entry.sha256 for path, entry in manifest.files.items() if not path.startswith(NUMBERED)}
                for manifest in manifests
            ],
            "words": [ledger_rows(place, number, ranks) for number in numbers],
            "record": [ranks[record.release], ranks[record.previous], record.k, record.b, record.avg_len],
            "points": {
                point.id: (
                    cells(point, record.vector),
                    {key: ranks[point.payload[key]] for key in STAMPS},
                    point.payload["text"],
                )
                for point in read_points(place)
            },
            "search": [[(-row["score"], row["id"]) for row in rows] for rows in found],
            "sentences": n_sentences,
            "read": n_read,
            "work": leftovers(place),
        }

    def _check_points(self, place: Place, record: CollectionRecord, rows: list[Point], numbers: list[int]) -> None:
        """Each point holds all cells of what is served, and others only as some release made them."""
        served = served_release(place.objects(), record)
        expected = {number: self._vectors(place, record, number, rows) for number in {served, 0, *numbers}}
        for point in rows:
            text, found = point.payload["text"], cells(point, record.vector)
            assert expected[served][text].keys() <= found.keys(), f"{point.id} lacks cells of release {served}: {text}"
            for cell, value in found.items():
                made = [vectors[text][cell] for vectors in expected.values() if cell in vectors[text]]
                assert any(abs(one - value) < TOLERANCE for one in made), (
                    f"{point.id} holds {value} in cell {cell}, {made} expected: {text}"
                )

    def _check_search(self, place: Place, record: CollectionRecord, rows: list[Point]) -> None:
        """Every query finds the points that share a cell with it in the served release, and no other."""
        served = served_release(place.objects(), record)
        vectors = self._vectors(place, record, served, rows)
        model = MiniCoil.load(
            open_model(place, served, record.encoder, record.dims), record.k, record.b, record.avg_len
        )
        found = search_collection(place, COLLECTION, QUERIES[0], len(rows))
        assert found["release"] == (served or None)
        with place.points() as points:
            for query, asked in zip(QUERIES, model.query_embed(QUERIES), strict=True):
                sought = {*asked.indices.tolist()}
                right = {point.id for point in rows if sought & vectors[point.payload["text"]].keys()}
                hits = {hit.id for hit in points.search(COLLECTION, record.vector, asked, len(rows))}
                assert hits == right, f"'{query}' under release {served}"
            assert {row["id"] for row in found["results"]} == {
                hit.id
                for hit in points.search(COLLECTION, record.vector, next(model.query_embed(QUERIES[0])), len(rows))
            }

    def _vectors(self, place: Place, record: CollectionRecord, number: int, rows: list[Point]) -> dict[str, Cells]:
        folder = open_model(place, number, record.encoder, record.dims)
        layout = BundleLayout(folder)
        key = (check_bundle(folder)[1].digest, file_digest(layout.stack))
        known = self._known.setdefault(key, {})
        texts = [text for text in {row.payload["text"] for row in rows} if text not in known]
        if texts:
            model = MiniCoil.load(folder, record.k, record.b, record.avg_len)
            for text, vector in zip(texts, model.embed(texts), strict=True):
                known[text] = dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))
        return known


class Undisturbed:
    """What each command comes to when nobody kills it, found out once."""

    def __init__(self, homes, checker):
        self._homes, self._checker = homes, checker
        self._known = {}

    def __call__(self, name, store):
        if (name, store) not in self._known:
            scenario = self._homes.scenarios[name]
            place = self._homes.copy(scenario, store)
            answer = self._homes.run(place, scenario.arguments)
            self._checker.check(place, None)
            self._known[name, store] = Extent(answer["seconds"], answer["steps"]), self._checker.snapshot(place)
            self._homes.discard(place)
        return self._known[name, store]


def read_points(place: Place) -> list[Point]:
    with place.points() as points:
        return [point for page in points.scroll(COLLECTION, vectors=True) for point in page]


def cells(point: Point, vector: str) -> Cells:
    found = point.vectors[vector]
    return dict(zip(found.indices.tolist(), found.values.tolist(), strict=True))


def check_ledger(place: Place, number: int, numbers: list[int]) -> None:
    """Every word with a layer has a record, every record that says so a layer, and releases named in it exist."""
    folder = open_model(place, number, "", 4)
    vocabulary, ledger = check_bundle(folder)[1], Ledger.read(folder)
    served = ledger.served()
    assert served.keys() <= {*vocabulary.known_words}, served.keys() - {*vocabulary.known_words}
    assert {record.release for record in served.values()} <= {*numbers}
    assert {*ledger.requests.values()} <= {*numbers}


def ledger_rows(place: Place, number: int, ranks: dict[int | None, int | None]) -> list[tuple[Any, ...]]:
    ledger = Ledger.read(open_model(place, number, "", 4))
    rows = [(r.word, r.verdict, r.ordering_accuracy, r.digest, ranks[r.release]) for r in ledger.words.values()]
    return sorted(rows, key=lambda row: row[0])


def leftovers(place: Place) -> list[str]:
    """Files of a run that should be gone when it is over; a write that died is for `release prune`."""
    return sorted(path.name for path in place.work.rglob("*") if path.is_file())


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """In what two snapshots differ; values of cells and scores are compared as exactly as the engine stores them."""
    wrong = []
    for key in ("channel", "record", "sentences", "work", "words"):
        if found[key] != expected[key]:
            wrong.append(f"{key}: {found[key]} instead of {expected[key]}")
    if len(found["files"]) != len(expected["files"]):
        wrong.append(f"{len(found['files'])} releases instead of {len(expected['files'])}")
    for have, want in zip(found["files"], expected["files"], strict=False):
        wrong += [f"file {path} differs" for path in sorted({*have, *want}) if have.get(path) != want.get(path)]
    if found["points"].keys() != expected["points"].keys():
        return [*wrong, f"{len(found['points'])} points instead of {len(expected['points'])}"]
    other = [name for name, point in found["points"].items() if not _same_point(point, expected["points"][name])]
    wrong += [f"point {name}: {found['points'][name]} instead of {expected['points'][name]}" for name in other[:1]]
    for query, have, want in zip(QUERIES, found["search"], expected["search"], strict=True):
        gaps = [abs(one[0] - other[0]) for one, other in zip(have, want, strict=True)]
        if max(gaps) > 10 * TOLERANCE:
            wrong.append(f"'{query}': score {-have[0][0]} instead of {-want[0][0]}")
    return wrong


def _same_point(found: tuple[Cells, Any, str], expected: tuple[Cells, Any, str]) -> bool:
    have, want = found[0], expected[0]
    is_close = have.keys() == want.keys() and all(abs(have[cell] - want[cell]) < TOLERANCE for cell in want)
    return is_close and found[1:] == expected[1:]
