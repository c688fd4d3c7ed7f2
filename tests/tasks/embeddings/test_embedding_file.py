"""A file of encoded texts is made once, refused where it is none, and what SQLite says is told apart by its cause."""

import contextlib
import sqlite3

import pytest

from tasks.embeddings.embedding_file import delete_entries, is_in_use, is_outside, prepare, used_bytes


@pytest.fixture
def database(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "words.sqlite")) as opened:
        prepare(opened)
        yield opened


def put(database, numbers, size=100):
    with database:
        for number in numbers:
            row = (number, bytes([number]), size, 0, 0.0, "a")
            database.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", row)
            database.execute("INSERT INTO bodies VALUES (?, ?)", (number, bytes([number]) * size))


def raised(act):
    with pytest.raises(sqlite3.Error) as caught:
        act()
    return caught.value


def test_a_file_that_is_ready_is_left_as_it_is(database, tmp_path):
    put(database, [1])
    with contextlib.closing(sqlite3.connect(tmp_path / "words.sqlite")) as other:
        prepare(other)
        assert other.execute("SELECT id FROM entries").fetchall() == [(1,)]
        settings = [other.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "secure_delete")]
    assert settings == ["wal", 1]


def test_of_two_that_make_it_at_once_the_slower_one_takes_what_is_there(tmp_path):
    """It looked before the other one was done, and goes on as if it had looked after."""

    class Late:
        def __init__(self, path):
            self.real, self.looked = sqlite3.connect(path), False

        def execute(self, statement):
            if statement == "PRAGMA user_version" and not self.looked:
                self.looked = True
                with contextlib.closing(sqlite3.connect(tmp_path / "words.sqlite")) as quicker:
                    prepare(quicker)
                return iter_one((0,))
            return self.real.execute(statement)

        def __getattr__(self, name):
            return getattr(self.real, name)

    class iter_one:
        def __init__(self, row):
            self.row = row

        def fetchone(self):
            return self.row

    late = Late(tmp_path / "words.sqlite")
    prepare(late)
    put(late.real, [1])
    late.real.close()


def test_a_file_of_another_version_and_a_file_that_is_none_are_refused(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("PRAGMA user_version = 7")
        error = raised(lambda: prepare(other))
    assert str(error) == "its version is 7, 1 was expected" and not is_outside(error) and not is_in_use(error)
    (tmp_path / "text").write_bytes(b"no database " * 1000)
    with contextlib.closing(sqlite3.connect(tmp_path / "text")) as other:
        error = raised(lambda: prepare(other))
    assert not is_outside(error) and not is_in_use(error)


def test_entries_go_with_their_bodies_and_their_room_is_free_and_empty(database, tmp_path):
    put(database, range(1, 60), 4000)
    full = used_bytes(database)
    with database:
        delete_entries(database, range(1, 50))
    left = [database.execute(f"SELECT id FROM {table}").fetchall() for table in ("entries", "bodies")]
    assert left[0] == left[1] == [(number,) for number in range(50, 60)]
    assert used_bytes(database) < full / 2
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = (tmp_path / "words.sqlite").read_bytes()
    assert bytes([9]) * 4000 not in data and bytes([55]) * 4000 in data


def test_another_process_that_holds_it_a_full_disk_and_a_closed_folder_are_told_apart(database, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "words.sqlite", timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        database.execute("PRAGMA busy_timeout = 0")
        busy = raised(lambda: put(database, [1]))
        other.rollback()
    assert is_in_use(busy) and not is_outside(busy)
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")
    full = raised(lambda: put(database, range(1, 90), 4000))
    assert is_outside(full) and not is_in_use(full)
    absent = raised(lambda: sqlite3.connect(tmp_path / "nowhere" / "words.sqlite"))
    assert is_outside(absent) and not is_in_use(absent)


def test_a_query_that_is_wrong_is_neither_and_the_systems_own_error_is_around_the_file(database):
    wrong = raised(lambda: database.execute("SELECT nothing FROM nowhere"))
    assert not is_outside(wrong) and not is_in_use(wrong)
    assert is_outside(PermissionError()) and not is_in_use(PermissionError())
    assert not is_outside(sqlite3.ProgrammingError("raised by Python's own module")) and not is_outside(ValueError())
