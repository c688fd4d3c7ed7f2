"""Encoded texts on disk: kept between processes, bounded, and never wrong, whatever happens to their file."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time

import encoded_entries
import pytest
from encoded_entries import ENOUGH, WIDTH, assert_same, entry, fill, key, there

from tasks.embeddings.embedding_cache import EmbeddingCache
from tasks.store.damage import forget_damage, named_damage


@pytest.fixture
def cache(tmp_path):
    made = EmbeddingCache(tmp_path / "embeddings", ENOUGH)
    yield made
    made.close()


def disk_bytes(folder):
    return sum(path.stat().st_size for path in folder.iterdir() if path.name.startswith("words"))


def test_what_was_written_is_found_by_others_and_after_closing(cache):
    cache.offer({key(1): entry(1), key(2): entry(2, dense=WIDTH)})
    assert_same(cache.find([key(1)])[key(1)], entry(1))  # not on disk yet
    cache.settle()
    other = EmbeddingCache(cache.folder, ENOUGH)
    found = other.find([key(1), key(2), key(3), key(1)])
    assert found.keys() == {key(1), key(2)} and other.n_found == 3 and other.n_missed == 1
    assert_same(found[key(2)], entry(2, dense=WIDTH))
    other.close()


def test_a_richer_entry_takes_the_place_of_a_poorer_one(cache):
    for dense in (0, WIDTH):
        cache.offer({key(1): entry(1, dense=dense)})
        cache.settle()
    assert len(cache.find([key(1)])[key(1)].dense) == WIDTH


@pytest.mark.parametrize("scanned", [False, True])
def test_it_never_grows_beyond_its_bound(tmp_path, scanned):
    cache = EmbeddingCache(tmp_path, 2**20)
    fill(cache, range(200), scanned)  # 16 kB each
    assert disk_bytes(tmp_path) < 2**20 + 2**24 and cache.size_bytes <= 2**20
    assert 20 < len(there(cache, range(200))) < 64
    cache.close()


def test_of_texts_that_were_judged_the_ones_used_last_stay(tmp_path):
    cache = EmbeddingCache(tmp_path, 2**20)
    fill(cache, range(10))
    for number in range(10, 200):
        fill(cache, [number])
        assert there(cache, range(10)) == set(range(10))  # asked for all the time
    assert 199 in there(cache, [199]) and not there(cache, range(20, 100))
    cache.close()


def test_a_scan_washes_out_nothing_that_is_used_and_soon_takes_nothing_at_all(tmp_path):
    cache = EmbeddingCache(tmp_path, 2**20)
    fill(cache, range(20))
    fill(cache, range(1000, 1100), scanned=True)  # fills what is free
    n_kept = cache.n_kept
    fill(cache, range(1100, 1500), scanned=True)
    assert cache.n_kept == n_kept  # nothing is written for texts that come by once
    assert not cache.scanning().takes([key(5000)])
    assert there(cache, range(20)) == set(range(20))
    cache.close()


def test_a_scanned_text_that_comes_by_again_is_kept_in_place_of_one_that_does_not(tmp_path):
    cache = EmbeddingCache(tmp_path, 2**20)
    fill(cache, range(20))
    fill(cache, range(1000, 1100), scanned=True)
    fill(cache, [1500], scanned=True)
    assert not there(cache, [1500])
    fill(cache, [1500], scanned=True)
    assert there(cache, [1500]) and there(cache, range(20)) == set(range(20))
    for number in range(2000, 2200):  # but a run replaces a share only
        fill(cache, [number, number], scanned=True)
    assert there(cache, range(20)) == set(range(20)) and len(there(cache, range(2000, 2200))) < 30
    cache.close()


def test_without_bytes_it_keeps_nothing_and_makes_no_file(tmp_path):
    cache = EmbeddingCache(tmp_path / "none", 0)
    cache.offer({key(1): entry(1)})
    cache.settle()
    assert not cache.takes([key(1)]) and not cache.find([key(1)]) and not cache.size_bytes
    assert not (tmp_path / "none").exists()


def test_forgetting_leaves_no_byte_of_what_went(cache):
    cache.offer({key(number): entry(number) for number in range(8)})
    cache.settle()
    assert cache.forget(lambda tokens: any(token.startswith("w3x") for token in tokens)) == 1
    assert there(cache, range(8)) == {0, 1, 2, 4, 5, 6, 7}
    cache.close()
    data = b"".join(path.read_bytes() for path in cache.folder.iterdir())
    assert b"w3x" not in data and b"w4x" in data
    assert entry(3).sums[4].tobytes() not in data and entry(4).sums[4].tobytes() in data


def test_what_made_room_left_no_byte_either(tmp_path):
    cache = EmbeddingCache(tmp_path, 2**20)
    fill(cache, range(200))
    gone = set(range(200)) - there(cache, range(200))
    cache.close()
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(gone) > 100 and not [n for n in gone if f"w{n}x0".encode() in data or entry(n).sums[4].tobytes() in data]


def test_a_cache_that_cannot_be_searched_is_forgotten_whole(cache):
    cache.offer({key(1): entry(1)})
    cache.close()
    (cache.folder / "words.sqlite").write_bytes(b"no database " * 1000)
    assert cache.forget(lambda tokens: False) == 1
    assert not [path for path in cache.folder.iterdir() if path.name.startswith("words")]


@pytest.mark.parametrize("damage", ["garbage", "cut", "holes", "empty", "other version"])
def test_a_damaged_file_costs_time_only_and_is_said_once(cache, caplog, damage):
    cache.offer({key(number): entry(number) for number in range(40)})
    cache.close()
    path = cache.folder / "words.sqlite"
    data = bytearray(path.read_bytes())
    if damage == "other version":
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
    else:
        holes = bytes(b if i % 9973 else b ^ 255 for i, b in enumerate(data))
        path.write_bytes(
            {"garbage": b"\x00\xff" * 9000, "cut": data[: len(data) // 3], "holes": holes, "empty": b""}[damage]
        )
    for _ in range(2):
        for number, found in ((n, cache.find([key(n)])) for n in range(40)):
            if found:
                assert_same(found[key(number)], entry(number))
        fill(cache, range(40))
    assert there(cache, range(40)) == set(range(40))
    assert sum("is damaged" in record.message and "made anew" in record.message for record in caplog.records) <= 1


def test_an_entry_whose_bytes_changed_is_none(cache):
    cache.offer({key(1): entry(1)})
    cache.close()
    with sqlite3.connect(cache.folder / "words.sqlite") as database:
        (body,) = database.execute("SELECT body FROM bodies").fetchone()
        database.execute("UPDATE bodies SET body = ?", (body[:-1] + bytes([body[-1] ^ 1]),))
    database.close()
    assert not cache.find([key(1)])
    fill(cache, [1])
    assert_same(cache.find([key(1)])[key(1)], entry(1))


def test_many_damaged_entries_are_one_line_with_their_count(cache, caplog):
    forget_damage()
    cache.offer({key(number): entry(number) for number in range(50)})
    cache.close()
    with sqlite3.connect(cache.folder / "words.sqlite") as database:
        rows = database.execute("SELECT id, body FROM bodies").fetchall()
        spoilt = [(body[:-1] + bytes([body[-1] ^ 1]), number) for number, body in rows]
        database.executemany("UPDATE bodies SET body = ? WHERE id = ?", spoilt)
    database.close()
    for number in range(50):
        assert not cache.find([key(number)])
    (said,) = named_damage()
    assert "50 of its entries are damaged" in said.message and said.is_aside and len(caplog.records) == 1


def test_a_full_disk_stops_writing_and_nothing_else(cache, caplog):
    fill(cache, range(3))
    cache._open().execute(f"PRAGMA max_page_count = {cache._open().execute('PRAGMA page_count').fetchone()[0]}")
    fill(cache, range(3, 60))  # "database or disk is full"
    assert there(cache, range(3)) == {0, 1, 2} and not cache.takes([key(1)])
    assert len([record for record in caplog.records if "cannot be written" in record.message]) == 1
    assert any("cannot be written" in damage.message for damage in named_damage())


def test_a_place_where_no_file_can_be_is_done_without(tmp_path, caplog):
    (tmp_path / "embeddings").write_text("a file, no folder")
    cache = EmbeddingCache(tmp_path / "embeddings", ENOUGH)
    for _ in range(2):
        assert not cache.find([key(1)])
        fill(cache, [1])
    assert len(caplog.records) == 1 and "encoded whenever" in caplog.records[0].message


def test_a_folder_that_was_deleted_meanwhile_is_made_again(cache):
    fill(cache, range(3))
    for path in cache.folder.iterdir():
        path.unlink()
    assert not there(cache, range(3))
    fill(cache, range(3))
    assert there(EmbeddingCache(cache.folder, ENOUGH), range(3)) == {0, 1, 2}


def test_a_process_that_is_killed_leaves_whole_entries(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from encoded_entries import *\n"
        "from tasks.embeddings.embedding_cache import EmbeddingCache\n"
        "cache = EmbeddingCache(__import__('pathlib').Path(sys.argv[1]), ENOUGH)\n"
        "print('ready', flush=True)\n"
        "for number in range(10**6): fill(cache, [number % 500])\n"
    )
    for turn in range(3):
        command = [sys.executable, "-c", script, str(tmp_path), os.path.dirname(encoded_entries.__file__)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(0.15 + 0.1 * turn)
            process.send_signal(signal.SIGKILL)
        cache = EmbeddingCache(tmp_path, ENOUGH)
        for number in there(cache, range(500)):
            assert_same(cache.find([key(number)])[key(number)], entry(number))
        cache.close()


def _write_and_read(folder, start):
    cache = EmbeddingCache(folder, 2**21)
    for number in range(start, start + 60):
        fill(cache, [number], scanned=number % 2 == 0)
        for other, found in cache.find([key(n) for n in range(max(number - 20, 0), number + 20)]).items():
            assert_same(found, entry(int.from_bytes(other, "little")))
    cache.close()


def test_several_processes_write_and_read_at_once(tmp_path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write_and_read, args=(tmp_path, 40 * turn)) for turn in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    assert EmbeddingCache(tmp_path, 2**21).size_bytes <= 2**21
