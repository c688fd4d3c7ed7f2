"""A collection's record, or any document of a home's store, damaged in every way that was met."""

import json

from tasks.collections.indexing import IndexRequest, index_documents
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document

RECORD = "collections/docs.json"
TEXTS = [f"The pod {i} {'runs on a node ' * (i % 7)}beside kernel number {i}." for i in range(24)]


def request(name="docs", avg_len=None):
    return IndexRequest(name, "production", "minilm", 4, 1.2, 0.75, avg_len)


def index(place, points, name="docs", avg_len=None):
    documents = (document(f"d{i}", "", text) for i, text in enumerate(TEXTS))
    return index_documents(place, points, request(name, avg_len), documents, CorpusReport())


def path_of(place, key=RECORD):
    return place.home / "store" / key


def replace(path, content):
    """Another file under the name: the fixture's are hard links."""
    path.unlink()
    path.write_bytes(content)


def change(**fields):
    def damage(path):
        replace(path, json.dumps({**json.loads(path.read_bytes()), **fields}).encode())

    return damage


def as_folder(path):
    path.unlink()
    path.mkdir()


def as_dangling_link(path):
    path.unlink()
    path.symlink_to("nowhere")


DAMAGES = {
    "null": change(avg_len=None),
    "NaN": change(avg_len=float("nan")),
    "infinity": change(k=float("inf")),
    "huge": change(avg_len=1e300),
    "text for a number": change(b="0.75"),
    "true for a number": change(k=True),
    "another schema": lambda path: replace(path, b'{"hello": "world"}'),
    "a list": lambda path: replace(path, b"[1, 2]"),
    "cut": lambda path: replace(path, path.read_bytes()[:50]),
    "empty": lambda path: replace(path, b""),
    "garbage": lambda path: replace(path, bytes(range(256)) * 3),
    "not UTF-8": lambda path: replace(path, path.read_bytes().replace(b"minilm", b"mini\xff\xfe")),
    "a folder": as_folder,
    "a link to nothing": as_dangling_link,
    "a release that is none": change(release=-4),
    "releases that are none": change(kept="all"),
}
