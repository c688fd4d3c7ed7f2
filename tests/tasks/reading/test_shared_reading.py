"""However a corpus is cut, whoever is done first and whoever is killed: the reading is that of one process."""

import gzip
import json
import os
import random
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from minicoil.errors import CorpusError, EmptyCorpusError, StoreError
from minicoil.text.tokens import WordTokenizer
from tasks.corpus import Piece, pieces as cut
from tasks.documents.corpus_report import CorpusReport
from tasks.place import Place
from tasks.points import CollectionSchema, Point
from tasks.reading import shared_reading
from tasks.reading.reading import read_sentences
from tasks.reading.reading_shards import read_shard
from tasks.reading.shared_reading import PieceReading
from tasks.sentences.kept_sentences import KeptSentences
from tasks.sentences.sentence_store import Sentence

NOUNS = ["pod", "pods", "node", "kernel", "caf\u00e9", "num_workers", "river", "\u201cbank\u201d", "[MASK]", "x" * 120]


@pytest.fixture(scope="module")
def tokenizer(encoder_folder):
    return WordTokenizer.from_folder(encoder_folder)


def sentence(rng):
    return f"The {rng.choice(NOUNS)} of {rng.choice(NOUNS)} number {rng.randrange(30)} runs here today."


def write_corpus(folder, rng, n_rows=40):
    """Files of every kind that is cut, with repeats of sentences, texts and ids, and lines that are none."""
    folder.mkdir()
    texts = [" ".join(sentence(rng) for _ in range(rng.randint(1, 4))) for _ in range(n_rows)]
    rows = [
        {
            "text": text,
            **({"_id": str(rng.randrange(n_rows))} if rng.random() < 0.6 else {}),
            **({"doc": "d1"} if rng.random() < 0.1 else {}),
        }
        for text in [*texts, *texts[:5]]
    ]
    rows.append({"text": sentence(rng), "_id": "a.jsonl#3"})
    rows += [{"title": "Of two\nlines", "text": "Of words."}, {"title": "Of two", "text": "lines\nOf words."}]
    rng.shuffle(rows)
    lines = [json.dumps(row) for row in rows]
    for bad in ("{oops", "", "[1]", '{"no": 1}', '{"text": " "}'):
        lines.insert(rng.randrange(len(lines)), bad)
    (folder / "a.jsonl").write_text("\n".join(lines) + rng.choice(["", "\n"]))
    pq.write_table(
        pa.table({"text": [row["text"] for row in rows[::2]], "id": [row.get("_id") for row in rows[::2]]}),
        folder / "b.parquet",
        row_group_size=7,
    )
    (folder / "c.txt").write_text("\n\n".join(texts[3:9]))
    (folder / "d.csv").write_text("text,_id\n" + "\n".join(f'"{sentence(rng)}",{i}' for i in range(9)))
    with gzip.open(folder / "e.jsonl.gz", "wt") as file:
        file.write("\n".join(lines[:9]))
    (folder / "f.png").write_bytes(b"no text")
    (folder / "stra\u00dfe.txt").write_text(sentence(rng))
    paragraphs = [" ".join(sentence(rng) for _ in range(rng.choice([1, 3, 30]))) for _ in range(25)]
    (folder / "h.txt").write_text("\n\n".join(paragraphs), encoding=rng.choice(["utf-8", "utf-8-sig", "utf-16"]))
    (folder / os.fsdecode(b"caf\xe9.jsonl")).write_text("\n".join(lines[:3]))  # a name that is no UTF-8
    (folder / "g.jsonl").write_bytes(
        b"\xff\xfe" + '{"text": "The pod of a file in UTF-16 runs here today."}\n'.encode("utf-16-le")
    )


def in_one(place, tokenizer, specs, keep=True, model="minilm"):
    with place.points() as points:
        store = KeptSentences(points, 384, model, place)
        return of(read_sentences(points, store, tokenizer, specs, None, keep), store)


def in_pieces(place, encoder_folder, specs, spread=None, keep=True, n_shards=None, before=None, model="minilm"):
    with place.points() as points:
        store = KeptSentences(points, 384, model, place)
        if before is not None:
            before(store)
        reading = PieceReading.cut(place, "production", specs, only_looks=not keep)
        spread = spread or (lambda _, keys: [read_shard(reading.place, key) for key in keys])
        found = reading.read(store, keep, encoder_folder, spread, n_shards)
        assert list(reading.place.objects().list("reading/")) == []
        return of(found, store)


def of(reading, store):
    """All that anybody asks of a reading, and all that it left."""
    uses = {
        u.word: (u.count, u.n_documents, u.forms, u.per_million, u.neighbours.tolist(), u.n_neighbours)
        for u in reading.counts.uses()
    }
    kept = store.known_keys().sorted_keys().tolist()
    rows = {row.key: (row.text, row.doc, set(row.words)) for row in store.columns.rows(kept).values()}
    facts = (reading.digest, reading.n_documents, reading.n_sentences, reading.n_new, reading.keys.tolist())
    counts = (reading.counts.n_words, reading.counts.n_documents, reading.counts.n_sentences)
    report = {row["reason"]: (row["n"], row["examples"]) for row in reading.report.rows()}
    return {
        "uses": uses,
        "rows": rows,
        "facts": facts,
        "counts": counts,
        "report": report,
        "read": (reading.report.n_read, reading.report.n_duplicates),
    }


@pytest.fixture(scope="module")
def one_home(tmp_path_factory):
    """A home whose engine stays open; stores of several role models know nothing of each other."""
    place = Place.at(tmp_path_factory.mktemp("home"))
    with place.one_engine(), place.points():
        yield place


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(400, 6000),
    n_shards=st.one_of(st.none(), st.integers(1, 5)),
    order=st.randoms(use_true_random=False),
)
def test_pieces_of_any_size_done_in_any_order_are_the_corpus(
    one_home, tmp_path_factory, encoder_folder, tokenizer, seed, size, n_shards, order
):
    folder, place = tmp_path_factory.mktemp("any"), one_home
    write_corpus(folder / "corpus", random.Random(seed))
    specs = [str(folder / "corpus"), f"{folder / 'corpus' / 'd.csv'}"]

    def spread(_, keys):
        keys = list(keys)
        order.shuffle(keys)
        for key in keys:
            read_shard(place, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cut, "PIECE_BYTES", size)
        found = in_pieces(place, encoder_folder, specs, spread, n_shards=n_shards, model=f"{folder.name} pieces")
    assert found == in_one(place, tokenizer, specs, model=f"{folder.name} one")


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.setattr(cut, "PIECE_BYTES", 1200)
    write_corpus(tmp_path / "corpus", random.Random(5))
    return [str(tmp_path / "corpus")]


class KilledError(BaseException):
    """As SIGKILL: nothing is tidied up."""


def test_killed_between_any_two_steps_the_same_command_goes_on_and_does_nothing_twice(
    tmp_path, corpus, encoder_folder, tokenizer
):
    expected, place = in_one(Place.at(tmp_path / "one"), tokenizer, corpus), Place.at(tmp_path / "pieces")
    done: list[str] = []
    tries = 0

    def spread(_, keys):
        for number, key in enumerate(keys):
            if number == 2:
                raise KilledError
            assert read_shard(place, key) is not None
            done.append(key)

    while True:
        tries += 1
        try:
            found = in_pieces(place, encoder_folder, corpus, spread)
            break
        except KilledError:
            pass
    assert tries > 5 and len(set(done)) == len(done) and found == expected


@pytest.mark.parametrize("where", ["give_sentences", "store_tokenizer", "track", "cut_counting"])
def test_killed_after_a_step_of_its_own_it_goes_on(tmp_path, corpus, encoder_folder, tokenizer, monkeypatch, where):
    expected, place = in_one(Place.at(tmp_path / "one"), tokenizer, corpus), Place.at(tmp_path / "pieces")
    real = getattr(shared_reading, where)

    def dies(*args):
        done = real(*args)
        if where != "track" or args[1] == "adding counts":  # it shows other progress too
            next(iter(done), None) if where == "track" else None
            raise KilledError
        return done

    with monkeypatch.context() as patch:
        patch.setattr(shared_reading, where, dies)
        with pytest.raises(KilledError):
            in_pieces(place, encoder_folder, corpus)
    assert in_pieces(place, encoder_folder, corpus) == expected


def test_who_only_looks_leaves_the_store_as_it_is(tmp_path, corpus, encoder_folder, tokenizer):
    place = Place.at(tmp_path / "pieces")
    found = in_pieces(place, encoder_folder, corpus, keep=False)
    assert found == in_one(Place.at(tmp_path / "one"), tokenizer, corpus, keep=False)
    assert found["rows"] == {} and found["facts"][3] > 0 and not (tmp_path / "pieces" / "store").exists()


def test_what_is_kept_already_is_counted_and_not_written_again(tmp_path, corpus, encoder_folder, tokenizer):
    expected, place = in_one(Place.at(tmp_path / "one"), tokenizer, corpus), Place.at(tmp_path / "pieces")
    old = dict(list(expected["rows"].items())[::3])

    def before(store):  # sentences that an earlier version kept as points
        super(KeptSentences, store).add([Sentence(key, text, doc) for key, (text, doc, _) in old.items()])

    found = in_pieces(place, encoder_folder, corpus, before=before)
    assert found["facts"][3] == expected["facts"][3] - len(old) and found["uses"] == expected["uses"]
    assert found["rows"].keys() | old.keys() == expected["rows"].keys() and not found["rows"].keys() & old.keys()
    again = in_pieces(place, encoder_folder, corpus)
    assert again["facts"][3] == 0 and again["uses"] == expected["uses"] and again["rows"] == found["rows"]


def test_a_file_that_changes_while_it_is_read_in_pieces_is_read_again_whole_and_named(
    tmp_path, corpus, encoder_folder, tokenizer
):
    place, path = Place.at(tmp_path / "pieces"), tmp_path / "corpus" / "a.jsonl"
    n_before, changed = None, False

    def spread(_, keys):
        nonlocal n_before, changed
        for number, key in enumerate(keys):
            if number == 3 and not changed:
                changed = True
                path.write_text('{"text": "Another sentence stands first in here today."}\n' + path.read_text())
            read_shard(place, key)

    found = in_pieces(place, encoder_folder, corpus, spread)
    expected = in_one(Place.at(tmp_path / "one"), tokenizer, corpus)
    assert found["report"].pop("files that changed while they were read") == (1, [str(path)])
    assert found == expected


def write_set(folder, kind, n_shards=4):
    """A set in shards, of which two have sentences in common, and texts and ids."""
    folder.mkdir()
    rng, rows = random.Random(3), []
    for number in range(n_shards):
        rows += [{"text": " ".join(sentence(rng) for _ in range(3)), "id": str(rng.randrange(30))} for _ in range(9)]
        table = pa.Table.from_pylist([*rows[-9:], *rows[:2]])
        if kind == "saved":
            with pa.ipc.new_stream(folder / f"data-{number:05}-of-{n_shards:05}.arrow", table.schema) as writer:
                writer.write_table(table, 4)
        else:
            pq.write_table(table, folder / f"train-{number:05}-of-{n_shards:05}.parquet", row_group_size=4)
    if kind == "saved":  # as `save_to_disk` leaves it
        (folder / "state.json").write_text(json.dumps({"_data_files": [], "_split": "train"}))
        (folder / "dataset_info.json").write_text("{}")
    return f"hf:{folder}#text"


@pytest.mark.parametrize("kind", ["parquet", "saved"])
def test_shards_of_a_set_in_a_folder_are_pieces(tmp_path, encoder_folder, tokenizer, monkeypatch, kind):
    monkeypatch.setattr(cut, "PIECE_BYTES", 100)
    spec = write_set(tmp_path / "set", kind)
    pieces = list(cut.cut_corpora([spec], CorpusReport()))
    assert [part.stretch.start for piece in pieces for part in piece.parts] == [0, 1, 2, 3] and len(pieces) == 4
    assert all(Piece.from_row(json.loads(json.dumps(piece.row()))) == piece for piece in pieces)
    found = [entry for piece in pieces for entry in cut.read_piece(piece, CorpusReport())]
    whole = list(cut.open_corpus(spec, CorpusReport()))
    assert found == whole and [entry.place for entry in found] == [entry.place for entry in whole]
    expected = in_one(Place.at(tmp_path / "one"), tokenizer, [spec])
    assert in_pieces(Place.at(tmp_path / "pieces"), encoder_folder, [spec]) == expected


def test_a_set_that_changes_while_its_shards_are_read_is_read_again_whole(
    tmp_path, encoder_folder, tokenizer, monkeypatch
):
    monkeypatch.setattr(cut, "PIECE_BYTES", 100)
    spec, place, changed = write_set(tmp_path / "set", "parquet"), Place.at(tmp_path / "pieces"), False

    def spread(_, keys):
        nonlocal changed
        for number, key in enumerate(keys):
            if number == 2 and not changed:
                changed = True
                pq.write_table(pa.table({"text": [sentence(random.Random(9))], "id": ["new"]}), first)
            read_shard(place, key)

    first = tmp_path / "set" / "train-00000-of-00004.parquet"
    found = in_pieces(place, encoder_folder, [spec], spread)
    assert found["report"].pop("files that changed while they were read") == (1, [spec.removesuffix("#text")])
    assert found == in_one(Place.at(tmp_path / "one"), tokenizer, [spec])


def test_ranges_of_ids_of_a_collection_are_pieces(tmp_path, encoder_folder, tokenizer, monkeypatch):
    monkeypatch.setattr(cut, "PIECE_BYTES", 900)
    monkeypatch.setattr("tasks.corpus.corpus_sets._LOOKED_AT", 10)
    rng, one, place = random.Random(7), Place.at(tmp_path / "one"), Place.at(tmp_path / "pieces")
    rows = [
        Point(
            number if number % 3 else str(uuid.UUID(int=rng.getrandbits(128))),
            {"body": body, "doc": f"d{number % 11}"},
            {},
        )
        for number in range(1, 90)
        for body in [" ".join(sentence(rng) for _ in range(rng.randint(0, 3)))]
    ]
    for home in (one, place):
        with home.points() as points:
            points.ensure("docs", CollectionSchema(sparse=("minicoil",)))
            points.upsert("docs", rows)
    with place.points() as points:
        pieces = list(cut.cut_corpora(["qdrant:docs#body"], CorpusReport(), points=points))
        assert len(pieces) > 4 and len({piece.digest for piece in pieces}) == len(pieces)
        assert all(Piece.from_row(json.loads(json.dumps(piece.row()))) == piece for piece in pieces)
        found = [entry for piece in pieces for entry in cut.read_piece(piece, CorpusReport(), points)]
        whole = list(cut.open_corpus("qdrant:docs#body", CorpusReport(), points))
        assert found == whole and [entry.place for entry in found] == [entry.place for entry in whole]
    expected = in_one(one, tokenizer, ["qdrant:docs#body"])
    assert in_pieces(place, encoder_folder, ["qdrant:docs#body"]) == expected


def test_a_damaged_piece_is_made_anew_by_the_same_command(tmp_path, corpus, encoder_folder, tokenizer):
    place, objects = Place.at(tmp_path / "pieces"), Place.at(tmp_path / "pieces").objects()

    def spread(label, keys):
        for key in keys:
            read_shard(place, key)
        if label == "splitting sentences":
            damaged = next(e.key for e in objects.list("reading/") if e.key.endswith(".sentences.parquet"))
            objects.write(damaged, objects.read(damaged)[:-20])

    with pytest.raises(StoreError, match=r"is damaged .*; it was removed, run the same command again"):
        in_pieces(place, encoder_folder, corpus, spread)
    assert in_pieces(place, encoder_folder, corpus) == in_one(Place.at(tmp_path / "one"), tokenizer, corpus)


def test_a_corpus_without_text_and_one_that_is_not_there_are_refused(tmp_path, encoder_folder, monkeypatch):
    monkeypatch.setattr(cut, "PIECE_BYTES", 20)
    (tmp_path / "x.jsonl").write_text("{oops\n" * 30)
    with pytest.raises(EmptyCorpusError, match="30 lines that are not JSON"):
        in_pieces(Place.at(tmp_path / "home"), encoder_folder, [str(tmp_path / "x.jsonl")])
    with pytest.raises(CorpusError, match="was not found"):
        PieceReading.cut(Place.at(tmp_path / "home"), "production", [str(tmp_path / "absent")])
