"""Words that people give: folded, refused one by one, and never cut short."""

import pytest

from minicoil.errors import UsageError
from minicoil.text.folding import fold_text
from tasks.corpus.word_list import read_word_file, sort_words
from tasks.training.choosing import WordRequest, check_words


def sort(words=(), path=None):
    given, refused = sort_words(words, str(path) if path else None, fold_text)
    return [(word.form, word.entry) for word in given], [word.word for word in refused]


def test_one_word_of_a_file_that_is_none_costs_itself_alone(tmp_path):
    words = [f"word{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(255)]
    (tmp_path / "w.txt").write_text("\n".join([*words[:100], "overal", *words[100:]]))
    given, refused = sort(path=tmp_path / "w.txt")
    assert [form for form, _ in given] == words and refused == ["overal"]
    check_words(WordRequest(words_file=str(tmp_path / "w.txt")))


def test_a_file_without_any_word_and_a_word_of_the_command_line_are_refused_at_once(tmp_path):
    (tmp_path / "w.txt").write_text("the\noveral\n two words\nx/y\n" + "z" * 41)
    with pytest.raises(UsageError, match=r"none of its 5 lines is a word \('the': .*stopword.*'overal'"):
        sort(path=tmp_path / "w.txt")
    with pytest.raises(UsageError, match=r"word 'docs/': .*a second corpus needs a --corpus of its own"):
        sort(["docs/"])
    (tmp_path / "empty.txt").write_text("# nothing yet\n")
    with pytest.raises(UsageError, match=r"empty\.txt holds no word"):
        sort(path=tmp_path / "empty.txt")


def test_words_are_one_however_they_are_written():
    given, _ = sort(["caf\u00e9", "CAFE\u0301", " Caf\u00e9s ", "cafe"])
    assert {entry for _, entry in given} == {"cafe"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_file_is_read_by_its_mark_and_comments_begin_lines_or_follow_spaces(tmp_path, encoding):
    text = "# a comment\r\npod\r\n\r\n  Caf\u00e9  # another\nC#\nnode\t# third\n #\nlast"
    (tmp_path / "w.txt").write_bytes(text.encode(encoding))
    assert list(read_word_file(str(tmp_path / "w.txt"))) == ["pod", "Caf\u00e9", "C#", "node", "last"]


@pytest.mark.parametrize("data", ["pod\nnode\n".encode("utf-16-le"), b"\x00\x01\x02", b"pod\x00"])
def test_a_file_that_is_no_text_is_refused_by_name(tmp_path, data):
    (tmp_path / "w.txt").write_bytes(data)
    with pytest.raises(UsageError, match=r"w\.txt holds zero bytes"):
        sort(path=tmp_path / "w.txt")


def test_files_of_any_name_are_found_and_a_folder_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("[w] ?.txt", "~w.txt", "w#1.txt", "caf\udce9.txt"):
        (tmp_path / name).write_text("pod")
        assert list(read_word_file(name)) == ["pod"]
    for name in ("nowhere.txt", ".", "~nobody-at-all/w.txt", "a\0b"):
        with pytest.raises(UsageError, match="cannot be read"):
            list(read_word_file(name))
