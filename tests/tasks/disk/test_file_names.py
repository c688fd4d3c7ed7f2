"""File names that are no UTF-8 are shown as text, and what was shown finds the file again."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tasks.disk.file_names import find_path, shown_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain.txt", "plain.txt"),
        ("caf\u00e9", "caf\u00e9"),
        ("caf\udce9.txt", "caf\\xe9.txt"),
        ("caf\udcc3\udca9", "caf\u00e9"),  # what a shell in another locale hands over
        ("odd\ud800", "odd\\ud800"),
        (Path("a/b"), "a/b"),
    ],
)
def test_any_name_is_text_that_can_be_stored(name, shown):
    assert shown_name(name) == shown and shown_name(name).encode("utf-8")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.binary(min_size=1, max_size=40).filter(lambda b: not {0, 47} & set(b) and b not in (b".", b"..")))
def test_what_is_shown_of_a_file_finds_it_again(tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), b"f" + name)
    with open(path, "wb"):
        pass
    shown = shown_name(os.fsdecode(path))
    assert os.fsencode(find_path(shown)) == path
    os.unlink(path)


def test_a_file_whose_name_reads_like_an_escape_is_that_file(tmp_path):
    literal, odd = tmp_path / "a\\xe9", tmp_path / os.fsdecode(b"a\xe9")
    odd.write_text("odd")
    assert find_path(str(literal)) == odd
    literal.write_text("literal")
    assert find_path(str(literal)) == literal


def test_nothing_in_a_name_is_a_pattern_and_a_link_to_nothing_is_there(tmp_path):
    (tmp_path / "ab").write_text("")
    for name in ("a*", "a?", "[a]b", "ab#x"):
        assert find_path(str(tmp_path / name)) == tmp_path / name
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert find_path(str(tmp_path / "link")) == tmp_path / "link"


def test_a_tilde_is_the_home_unless_there_is_such_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert find_path("~/mine") == tmp_path / "mine"
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "mine").write_text("")
    assert find_path("~/mine") == Path("~/mine")


def test_what_can_be_no_name_is_given_back():
    assert find_path("a\0b") == Path("a\0b") and find_path("") == Path()
