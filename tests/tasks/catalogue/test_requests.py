"""The same request has the same digest, another one another, and whoever asks again is answered by the same release."""

import codecs

from tasks.catalogue.requests import file_digests


def test_a_file_with_other_words_is_another_request(tmp_path):
    path = tmp_path / "w.txt"
    path.write_text("pod")
    one = file_digests(words_file=str(path), queries=None)
    path.write_text("node")
    assert one.keys() == {"words_file_digest"} and file_digests(words_file=str(path), queries=None) != one
    path.write_bytes(codecs.BOM_UTF8)
    assert file_digests(words_file=None, queries=None) == {}
