"""A forgotten document is in no file any more, what it taught is named, and a kill at any step changes nothing."""

import gzip
import json
import shutil

import numpy as np
import pytest
from folders import files_of, files_with

from minicoil.encoder.content_words import ContentWords
from minicoil.errors import BusyError, CollectionError, CorpusError, UsageError
from minicoil.sparse import MiniCoil
from minicoil.text.sentences import sentence_key, split_sentences
from minicoil.text.tokens import WordTokenizer
from minicoil.words.ledger import Ledger, WordRecord
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.manifest import read_manifest
from tasks.catalogue.releases import open_release, publish_release, verify_release
from tasks.catalogue.reports import write_report
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.collections.texts import join_corpus
from tasks.corpus import pieces
from tasks.corpus.specs import read_corpora
from tasks.disk.home_lock import writer_lock
from tasks.documents.corpus_report import CorpusReport
from tasks.embeddings.embeddings import open_embeddings, remembering
from tasks.embeddings.sentence_cache import SentenceCache
from tasks.forgetting import forgetting
from tasks.forgetting.forgetting import ForgetRequest, forget_documents
from tasks.reading.reading import read_sentences
from tasks.reading.reading_shards import cut_splitting, read_shard
from tasks.reading.shared_reading import PieceReading
from tasks.sentences.kept_sentences import KeptSentences
from tasks.sentences.sentence_store import Sentence, SentenceStore
from tasks.store.audit import list_deeds
from tasks.training.word_memory import WordMemory, WordResult

PLANTED = "zyxwquark"
SECRET = (
    f"The {PLANTED} pods keep every flow of the bank away. Nobody near the river knows the {PLANTED} kernel by name."
)
SHARED = "Every bank of the river keeps its pods in order."
OTHERS = [
    "The kernel starts all workers before the flows arrive. The river flows below the bank at night.",
    f"A pod runs on a node of the pool. {SHARED} The series converges slowly under these terms.",
]
FORGET = ForgetRequest(("secret",), collections=("docs",))


@pytest.fixture
def corpus(tmp_path):
    rows = [{"doc": "secret", "title": f"The {PLANTED} handbook", "text": f"{SECRET} {SHARED}"}]
    rows += [{"doc": f"other{i}", "title": "", "text": text} for i, text in enumerate(OTHERS)]
    path = tmp_path / "corpus" / "rows.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def words_of(text):
    tokens = tuple(dict.fromkeys(text.lower().replace(".", "").split()))
    return ContentWords(
        tokens, np.ones(len(tokens), np.int64), np.ones((len(tokens), 4), np.float16), np.ones(2, np.float32)
    )


def report_page(*texts):
    marks = "".join(f'<circle class="mark"><title>{text}</title></circle>' for text in texts)
    return f"<!doctype html><html><body><h1>Release 4</h1><svg>{marks}</svg><th>the {PLANTED} handbook</th></body></html>\n"


@pytest.fixture
def home(place, releases, corpus, tmp_path):
    """A home in which the document left a trace wherever one can be left."""
    folder = tmp_path / "model-4"
    shutil.copytree(releases.parent / "model-3", folder)
    records = [
        WordRecord("pod", "accepted", "", digest="d" * 64, forms=("pods", "pod"), n_sentences=90),
        WordRecord("bank", "accepted", "", digest="e" * 64, forms=("bank",), n_sentences=40),
        WordRecord("seri", "accepted", "", digest="f" * 64, forms=("series",), n_sentences=30),
    ]
    Ledger().updated(records, "r", 4).write(folder)
    (folder / "report.html").write_text(report_page(*split_sentences(SECRET), SHARED, *split_sentences(OTHERS[1])))
    store = place.objects()
    publish_release(store, folder, 3, {"role_model": "minilm"})
    set_pending(store, "production", 4, None)
    move_current(store, "production", 4)
    WordMemory(store).write([WordResult(record, np.ones((64, 4), np.float32)) for record in records])
    documents = list(read_corpora([str(corpus)], CorpusReport()))
    with place.points() as points:
        request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, None)
        index_documents(place, points, request, iter(documents), CorpusReport())
        for name in ("minilm", "other/model"):
            sentences = SentenceStore(points, 2, name)
            for entry in reversed(documents):  # so that the shared sentence is the other document's
                parts = list(split_sentences(entry.body))
                sentences.add([Sentence(sentence_key(text), text, entry.doc) for text in parts])
                sentences.set_vectors([sentence_key(text) for text in parts], np.ones((len(parts), 2), np.float32))
    cache = SentenceCache(place.cache / "sentences", "a" * 40)
    first = next(split_sentences(SECRET))
    snippet = " ".join(first.split()[:4])
    for text in (first, snippet, OTHERS[0]):
        cache.add({sentence_key(text): words_of(text)})
        cache.flush()
    join_corpus(place.cache / "joined", [str(corpus)])
    (place.work / "run").mkdir(parents=True)
    (place.work / "run" / "report.html").write_text(report_page(first))
    (place.home / "words").mkdir()
    (place.home / "words" / "pod.html").write_text(f"<script>const texts = {json.dumps([first])}</script>")
    (place.home / "words" / "seri.html").write_text("<p>The series converges slowly under these terms.</p>")
    (place.home / "try-corpus.html").write_text(f"<h1>corpus</h1><li>{first}</li>")
    (place.home / "try-other.html").write_text("<li>The series converges slowly under these terms.</li>")
    shutil.copytree(place.home / "store" / "releases" / "4", place.cache / "releases" / "there" / "release-4")
    write_report(store, "reencode", "docs", {"words": [{"word": "pod", "examples": [first, OTHERS[0]]}]})
    for number, text in enumerate((first, OTHERS[0])):
        shard = {"version": 1, "sentences": [[sentence_key(text), text]]}
        store.write(f"shards/abc/{number}.json.gz", gzip.compress(json.dumps(shard).encode()))
        store.write(f"shards/abc/{number}.zip", b"features")
    assert files_with(place.cache / "embeddings", PLANTED)  # by indexing it
    return place


def check_forgotten(place, corpus):
    assert files_with(place.home, PLANTED) == []
    store = place.objects()
    assert [verify_release(store, number) for number in (1, 2, 3, 4)] == [[], [], [], []]
    page = (open_release(store, 4, place.cache) / "report.html").read_text()
    assert "The series converges" in page and page.count("[removed]") == 5  # what it shares is its own as well
    assert "redacted_at" in read_manifest(store, 4).facts and "redacted_at" not in read_manifest(store, 3).facts
    with place.points() as points:
        assert points.count("docs") == 2
        for sentences in SentenceStore.all_of(points):
            assert sentences.count() == 5 and sentences.count(["kernel"]) == 1
            assert len(sentences.vectors([sentence_key(SHARED)])) == 1
    assert set(SentenceCache(place.cache / "sentences", "a" * 40).find([sentence_key(OTHERS[0])]))
    assert [entry.key for entry in store.list("shards/")] == ["shards/abc/1.json.gz", "shards/abc/1.zip"]
    assert set(WordMemory(store).read(["d" * 64, "e" * 64, "f" * 64])) == {"f" * 64}
    assert (place.home / "words" / "seri.html").exists() and not (place.home / "words" / "pod.html").exists()
    assert [path.name for path in place.home.glob("try-*")] == ["try-other.html"]
    (deed,) = [deed for deed in list_deeds(store) if deed.action == "forget"]
    assert deed.facts["docs"] == ["secret"] and deed.facts["n_sentences"] == 2 and deed.facts["releases"] == [4]
    assert not list((place.home / "forgetting").glob("*"))


def test_a_forgotten_document_is_in_no_file_and_its_words_are_named(home, corpus):
    traces = files_with(home.home, PLANTED)
    assert {path.split("/")[0] for path in traces} == {
        "engine",
        "store",
        "cache",
        "work",
        "words",
        "try-corpus.html",
    }  # the test plants them
    answer = forget_documents(home, FORGET)
    assert (answer["n_sentences"], answer["n_shared"], answer["releases"]) == (2, 2, [4])
    assert [(row["word"], row["n_forgotten"], row["n_sentences"]) for row in answer["words"]] == [
        ("bank", 1, 40),
        ("pod", 1, 90),
    ]
    assert answer["retrain"] == [
        "minicoil remove bank pods --channel production",
        "minicoil extend bank pods --channel production --corpus SPEC",
    ]
    assert answer["collections"] == [{"name": "docs", "n_points": 1, "n_deleted": 1}]
    assert "digests" not in answer and len(answer["reports"]) == 1 and len(answer["copies"]) == 3
    check_forgotten(home, corpus)
    again = forget_documents(home, FORGET)
    assert "nothing to do" in again["message"] and len(list_deeds(home.objects())) == 1


STEPS = [
    "_redact",
    "redact_reports",
    "remove_copies",
    "forget_sentences",
    "_drop_shards",
    "_forget_copies",
    "_delete",
    "record_deed",
]
KILLS = [(step, when) for step in STEPS for when in ("before", "after")]
QUICK = [("forget_sentences", "before"), ("_delete", "after")]


@pytest.mark.parametrize(
    ("step", "when"), [pytest.param(*kill, marks=[] if kill in QUICK else pytest.mark.slow) for kill in KILLS]
)
def test_killed_at_any_step_the_same_call_finishes(home, corpus, step, when, monkeypatch):
    real = getattr(forgetting, step)
    calls = []

    def killed(*arguments, **options):
        is_plan = step in ("_redact", "redact_reports", "remove_copies") and not calls
        calls.append(step)
        if is_plan:  # the look before anything is written
            return real(*arguments, **options)
        if when == "after":
            real(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(forgetting, step, killed)
    with pytest.raises(KeyboardInterrupt):
        forget_documents(home, FORGET)
    monkeypatch.undo()
    answer = forget_documents(home, FORGET)
    assert [row["word"] for row in answer["words"]] == ["bank", "pod"] and answer["n_sentences"] == 2
    if step == "record_deed" and when == "after":  # told twice rather than never
        store = home.objects()
        first, second = (entry.key for entry in store.list("audit/"))
        store.delete(second)
    check_forgotten(home, corpus)


@pytest.mark.parametrize("kill_at", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3))])
def test_a_report_killed_while_it_is_replaced_never_breaks_its_release(home, corpus, kill_at, monkeypatch):
    store = home.objects()
    n, real = 0, {name: getattr(type(store), name) for name in ("write", "upload")}

    def counted(name):
        def call(self, key, *arguments, **options):
            nonlocal n
            if key.startswith("releases/4/"):
                n += 1
                if n == kill_at:
                    raise KeyboardInterrupt
            return real[name](self, key, *arguments, **options)

        return call

    for name in real:
        monkeypatch.setattr(type(store), name, counted(name))
    with pytest.raises(KeyboardInterrupt):  # the manifest lets go, the report, the manifest again
        forget_documents(home, FORGET)
    assert verify_release(store, 4) == [] and open_release(store, 4, home.cache)
    monkeypatch.undo()
    forget_documents(home, FORGET)
    check_forgotten(home, corpus)


def test_a_document_that_was_only_judged_is_forgotten_by_its_text(place, tmp_path):
    """No store and no point has its id; the cache of encoded texts knows its words."""
    text = f"The {PLANTED} pods keep every flow of the bank away."
    list(remembering(MiniCoil.load(open_release(place.objects(), 1, place.cache)), place.cache).embed([text]))
    open_embeddings(place.cache).settle()
    path = tmp_path / "judged.jsonl"
    path.write_text(json.dumps({"doc": "judged", "text": text}))
    assert files_with(place.cache / "embeddings", PLANTED)
    answer = forget_documents(place, ForgetRequest(("judged",)))
    assert "--corpus FILE" in answer["message"] and files_with(place.cache / "embeddings", PLANTED)
    answer = forget_documents(place, ForgetRequest(("judged",), corpus=(str(path),)))
    assert "message" not in answer and not files_with(place.cache / "embeddings", PLANTED)


def test_a_dry_run_changes_nothing_and_says_what_would_go(home):
    before = {path: path.stat().st_size for path, _ in files_of(home.home) if "engine" not in path.parts}
    answer = forget_documents(home, ForgetRequest(("secret",), dry_run=True))
    assert answer["n_sentences"] == 2 and answer["releases"] == [4] and answer["collections"][0]["n_deleted"] == 0
    assert any("--collection docs" in line for line in answer["remains"])
    assert {path: path.stat().st_size for path in before} == before
    with home.points() as points:
        assert points.count("docs") == 3


def test_points_stay_unless_their_collection_is_named(home):
    answer = forget_documents(home, ForgetRequest(("secret",)))
    assert {path.split("/")[:2][1] for path in files_with(home.home, PLANTED)} == {"docs"}
    assert any("which is yours" in line for line in answer["remains"])
    forget_documents(home, FORGET)
    assert files_with(home.home, PLANTED) == []


def test_a_corpus_says_which_of_two_documents_of_one_name_is_meant(home, corpus, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"doc": "secret", "text": "This other corpus calls its document by the same name."}))
    answer = forget_documents(home, ForgetRequest(("secret",), corpus=(str(other),)))
    assert answer["n_sentences"] == 0 and files_with(home.home, PLANTED)
    with pytest.raises(CorpusError, match="has no document 'absent'"):
        forget_documents(home, ForgetRequest(("absent",), corpus=(str(corpus),)))
    answer = forget_documents(home, ForgetRequest(("secret",), corpus=(str(corpus),), collections=("docs",)))
    assert answer["n_sentences"] == 2 and answer["retrain"][1].endswith(f"--corpus {corpus}")
    assert files_with(home.home, PLANTED) == []


@pytest.mark.parametrize("with_corpus", [False, True])
def test_sentences_in_columns_are_forgotten_however_they_were_cut(home, corpus, encoder_folder, with_corpus):
    """A corpus that was read names its own sentences, those that an earlier version cut otherwise among them."""
    tokenizer = WordTokenizer.from_folder(encoder_folder)
    whole = " ".join(split_sentences(SECRET))
    with home.points() as points:
        kept = KeptSentences(points, 2, "a third", home)
        read = read_sentences(points, kept, tokenizer, [str(corpus)], None)
        SentenceStore(points, 2, "a third").add([Sentence(sentence_key(whole), whole, "secret")])
        before = {s.text for page in kept.of_document("secret") for s in page}
        assert read.n_new == read.n_sentences > len(before) > 1 and whole in before
    specs = (str(corpus),) if with_corpus else ()
    answer = forget_documents(home, ForgetRequest(("secret",), corpus=specs))
    assert answer["n_sentences"] >= len(before)
    with home.points() as points:
        kept = KeptSentences.found(home, points, "a third")
        assert [page for page in kept.of_document("secret")] == []
        assert 0 < kept.columns.count() < read.n_sentences


@pytest.mark.parametrize("doc", ["secret", "known to nobody"])
def test_pieces_of_a_reading_that_was_killed_are_dropped_whosoever_they_are(home, corpus, monkeypatch, doc):
    """Nobody knows yet whose sentences they hold: no store has them."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", 100)
    for only_looks in (False, True):
        reading = PieceReading.cut(home, "production", [str(corpus)], only_looks)
        for key in cut_splitting(reading.place.objects(), reading.scope, reading.pieces, None):
            read_shard(reading.place, key)
    folders = [home.home / "store" / "reading", home.work / "looking"]
    forget_documents(home, ForgetRequest((doc,), dry_run=True))
    assert all(any(path.is_file() for path in folder.rglob("*")) for folder in folders)
    forget_documents(home, ForgetRequest((doc,)))
    assert not any(path.is_file() for folder in folders for path in folder.rglob("*"))


def test_what_cannot_be_done_is_refused_before_anything_is_touched(home):
    with pytest.raises(CollectionError, match="'nope'"):
        forget_documents(home, ForgetRequest(("secret",), collections=("nope",)))
    with pytest.raises(UsageError, match="--doc ID"):
        ForgetRequest(("",))
    with writer_lock(home.home, "extend"), pytest.raises(BusyError, match="minicoil extend"):
        forget_documents(home, FORGET)
    assert files_with(home.home, PLANTED)
