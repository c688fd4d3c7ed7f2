from pathlib import Path

import numpy as np
import pytest

from minicoil.errors import BundleError
from minicoil.files.stack import append_rows, create_stack, open_stack, release_pages


@pytest.fixture
def stack(tmp_path):
    path = tmp_path / "stack.npy"
    create_stack(path, 6, 4)
    append_rows(path, 1, np.ones((3, 6, 4), np.float32))
    return path


def test_appending_never_touches_the_bytes_of_old_rows(stack):
    before = stack.read_bytes()[128:]
    append_rows(stack, 6, np.full((2, 6, 4), 2, np.float32))
    assert stack.read_bytes()[128:].startswith(before)
    rows = open_stack(stack)
    assert rows.shape == (8, 6, 4)
    assert rows[4:6].sum() == 0 and rows[7].sum() == 48


def test_numpy_reads_what_is_written(stack):
    np.testing.assert_array_equal(np.load(stack, allow_pickle=False), open_stack(stack))


def test_rows_left_by_a_killed_append_are_not_part_of_the_array_and_the_next_append_wins(stack):
    with stack.open("ab") as file:
        file.write(b"\xff" * 50)
    assert open_stack(stack).shape == (4, 6, 4)
    append_rows(stack, 4, np.full((1, 6, 4), 3, np.float32))
    assert open_stack(stack)[4].tolist() == np.full((6, 4), 3).tolist()


@pytest.mark.parametrize(
    ("start", "rows", "message"),
    [
        (2, np.ones((1, 6, 4)), "exists already"),
        (4, np.ones((1, 5, 4)), "do not fit"),
        (4, np.full((1, 6, 4), np.nan), "NaN"),
    ],
)
def test_rows_that_would_break_the_stack_are_refused(stack, start, rows, message):
    before = stack.read_bytes()
    with pytest.raises(BundleError, match=message):
        append_rows(stack, start, rows.astype(np.float32))
    assert stack.read_bytes() == before


def test_pickles_wrong_types_and_truncated_files_are_refused(tmp_path, stack):
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "flat.npy", np.ones(4, np.float32))
    (tmp_path / "cut.npy").write_bytes(stack.read_bytes()[:-1])
    (tmp_path / "none.npy").write_bytes(b"hello")
    for name in ("objects.npy", "flat.npy", "cut.npy", "none.npy", "absent.npy"):
        with pytest.raises(BundleError, match=name):
            open_stack(tmp_path / name)


def test_pages_given_back_are_read_again(tmp_path):
    create_stack(tmp_path / "stack.npy", 384, 4)
    rows = np.random.default_rng(1).normal(size=(4000, 384, 4)).astype(np.float32)
    append_rows(tmp_path / "stack.npy", 1, rows)
    stack = open_stack(tmp_path / "stack.npy")

    def resident():
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssFile"))
        return int(line.split()[1])

    before = resident()
    assert np.array_equal(stack[1:], rows)
    full = resident()
    assert full - before > 20_000  # of 24,000 kB
    release_pages(stack)
    assert resident() - before < 2000
    assert np.array_equal(stack[[1, 4000]], rows[[0, -1]])
    release_pages(rows)  # one in memory stays as it is
    assert rows.any()
