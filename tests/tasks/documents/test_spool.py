"""Documents set aside come back in order, as they went, and leave no file."""

import os
import tempfile

import pytest

from minicoil.errors import StoreError
from tasks.documents.documents import RowPlace, document
from tasks.documents.spool import spool_documents


def test_documents_come_back_from_the_disk_as_they_went(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.documents.spool._BUFFER_BYTES", 100)
    given = [document(f"d{i}", "t", f"caf\u00e9 {i}" * 9) for i in range(50)]
    given.append(document("d", "", "x"))
    placed = [type(entry)(**{**vars(entry), "place": RowPlace("/a", "a", "./a", i)}) for i, entry in enumerate(given)]
    with spool_documents(tmp_path / "work", iter([*given, *placed])) as read:
        found = list(read)
    assert found == [*given, *placed] and [entry.place for entry in found] == [
        entry.place for entry in (*given, *placed)
    ]


def test_documents_are_read_to_their_end_before_the_first_is_given_and_leave_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.documents.spool._BUFFER_BYTES", 100)
    taken = []

    def documents():
        for number in range(30):
            taken.append(number)
            yield document(f"d{number}", "", "a text of some length")

    with spool_documents(tmp_path / "work", documents()) as read:
        assert len(taken) == 30 and list((tmp_path / "work").iterdir()) == []
        assert next(read).body == "a text of some length"
    assert list((tmp_path / "work").iterdir()) == []


def test_what_the_documents_raise_is_theirs_and_no_fault_of_the_disk(tmp_path):
    def documents():
        yield document("d", "", "a text")
        raise OSError(5, "the corpus went away")

    with pytest.raises(OSError, match="went away") as caught, spool_documents(tmp_path, documents()):
        pass
    assert not isinstance(caught.value, StoreError)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (28, "No space left on device; free some space"),
        (13, "Permission denied; check the path and its permissions"),
    ],
)
def test_a_folder_without_room_is_named_with_what_to_do(tmp_path, monkeypatch, number, said):
    class Full(tempfile.SpooledTemporaryFile):
        def write(self, data):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tasks.documents.spool.tempfile.SpooledTemporaryFile", Full)
    with pytest.raises(StoreError) as caught, spool_documents(tmp_path, iter([document("d", "", "x")])):
        pass
    assert str(caught.value).startswith(f"{tmp_path} has no room for the corpus's text: {said}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        StoreError, match="file/work has no room for the corpus's text: Not a directory; check the path"
    ):
        spool_documents(tmp_path / "file" / "work", iter([])).__enter__()


def test_no_documents_are_none(tmp_path):
    with spool_documents(tmp_path, iter([])) as read:
        assert list(read) == []
