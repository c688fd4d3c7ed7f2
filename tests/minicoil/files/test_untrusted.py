"""Whatever bytes somebody wrote, the answer is an array or `ValueError`, and no pickle is ever opened."""

import io

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minicoil.files.untrusted import load_array, read_archive


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


ARRAY, WHOLE = np.arange(6, dtype=np.float32).reshape(2, 3), npy(np.arange(6, dtype=np.float32).reshape(2, 3))
ARCHIVE = npz(one=ARRAY, two=np.arange(3))


class Trap:
    """Whoever unpickles it raises what nobody catches."""

    def __reduce__(self):
        return exec, ("raise KeyboardInterrupt",)


def load(tmp_path, data, **how):
    (tmp_path / "a.npy").write_bytes(data)
    return load_array(tmp_path / "a.npy", **how)


@pytest.mark.parametrize("how", [{}, {"mmap_mode": "r"}])
def test_an_array_comes_back_as_it_was(tmp_path, how):
    found = load(tmp_path, WHOLE, **how)
    assert found.dtype == np.float32 and found.tolist() == ARRAY.tolist()
    assert isinstance(found, np.memmap) == bool(how)


def test_the_arrays_of_an_archive_come_back_by_name():
    found = read_archive(ARCHIVE)
    assert found["one"].tolist() == ARRAY.tolist() and found["two"].tolist() == [0, 1, 2] and len(found) == 2


def test_a_pickle_is_refused_unread(tmp_path):
    trap = np.empty(1, object)
    trap[0] = Trap()
    with pytest.raises(ValueError, match=r"^no npy file \(.*allow_pickle=False"):
        load(tmp_path, npy(trap))
    with pytest.raises(ValueError, match=r"^no npz file \(.*allow_pickle=False"):
        read_archive(npz(trap=trap))


def test_an_archive_is_no_array_and_an_array_no_archive(tmp_path):
    with pytest.raises(ValueError, match="^no npy file, an archive$"):
        load(tmp_path, ARCHIVE)
    with pytest.raises(ValueError, match=r"^no npz file \("):
        read_archive(WHOLE)


def test_a_file_that_is_not_there_is_no_damaged_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_array(tmp_path / "nowhere.npy")


damage = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6)


def damaged(data, spots, cut):
    data = bytearray(data)
    for place, byte in spots:
        data[min(int(place * len(data)), len(data) - 1)] = byte
    return bytes(data[: int(cut * len(data))])


@settings(max_examples=200, deadline=None)
@given(damage, st.floats(0.0, 1.0), st.sampled_from([WHOLE, ARCHIVE, b"\x93NUMPY", b"PK\x03\x04", b""]))
def test_damage_is_one_kind_of_error(tmp_path_factory, spots, cut, data):
    folder = tmp_path_factory.getbasetemp()
    for read in (lambda d: load(folder, d), lambda d: load(folder, d, mmap_mode="r"), read_archive):
        try:
            read(damaged(data or b" ", spots, cut))
        except ValueError:
            continue
