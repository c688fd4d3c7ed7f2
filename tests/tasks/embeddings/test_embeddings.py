"""A home's encoded texts are one object for everybody, and what was cut from a forgotten document goes."""

from encoded_entries import entry, fill, key, there

from minicoil.encoder.pooled_words import PooledWords
from tasks.embeddings.embeddings import forget_embeddings, open_embeddings


def test_a_home_has_one_cache_in_a_process_and_few_are_open(tmp_path, monkeypatch):
    one = open_embeddings(tmp_path / "one")
    fill(one, [1])
    assert open_embeddings(tmp_path / "one") is one and one.max_bytes == 2 * 2**30
    for number in range(6):
        open_embeddings(tmp_path / str(number))
    assert one._database is None and open_embeddings(tmp_path / "one") is not one
    monkeypatch.setenv("MINICOIL_EMBEDDING_CACHE_BYTES", "0")
    assert not open_embeddings(tmp_path / "one").find([key(1)])


def test_all_that_was_cut_from_a_document_is_forgotten_and_others_stay(tmp_path):
    words = {
        1: "caf\u00e9 pods scheduler kernels",  # the document
        2: "scheduler kernels",  # its rest without the sentence that asks
        3: "pods sched",  # cut at the encoder's limit
        4: "whale swims ocean pods",
        5: " ".join(f"other{i}" for i in range(40)) + " pods",
    }
    cache = open_embeddings(tmp_path)
    for number, text in words.items():
        one = entry(number, len(text.split()))
        tokens = tuple(text.replace("\u00e9", "e").split())
        cache.offer({key(number): PooledWords(tokens, one.pieces, one.counts, one.firsts, one.sums, one.dense)})
    cache.settle()
    assert forget_embeddings(tmp_path, {"A CAF\u00c9 of po\u00adds.", "The scheduler\u2122, and Kernels"}) == 3
    assert there(cache, words) == {4, 5}
    assert forget_embeddings(tmp_path / "nothing", {"a"}) == 0
