"""Files and folders appear whole or not at all, and what was there stays until then."""

import pytest

from minicoil.files.whole_files import replacing_folder, write_whole


def test_a_file_is_replaced_and_leaves_nothing_beside_it(tmp_path):
    write_whole(tmp_path / "a.json", "one")
    write_whole(tmp_path / "a.json", "two")
    assert (tmp_path / "a.json").read_text() == "two" and [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OSError, match=r"a\.json"):
        write_whole(tmp_path / "a.json", "one")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_bytes_that_are_no_text_go_back_to_what_they_were(tmp_path):
    write_whole(tmp_path / "a", b"\xff".decode("utf-8", "surrogateescape"), errors="surrogateescape")
    assert (tmp_path / "a").read_bytes() == b"\xff"


def test_a_folder_takes_the_place_of_another_when_it_is_whole(tmp_path):
    folder = tmp_path / "new" / "release"
    for content in ("one", "two"):
        with replacing_folder(folder) as part:
            part.mkdir()
            (part / content).write_text(content)
        assert [p.name for p in folder.iterdir()] == [content]
    with pytest.raises(KeyError), replacing_folder(folder) as part:
        part.mkdir()
        raise KeyError
    assert [p.name for p in folder.iterdir()] == ["two"] and [p.name for p in folder.parent.iterdir()] == ["release"]
