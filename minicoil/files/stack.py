"""The stack of word layers: one npy file that only ever grows."""

from __future__ import annotations

import math
import mmap
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from minicoil.errors import BundleError
from minicoil.files.untrusted import HEADER_ERRORS

HEADER_BYTES = 128  # numpy pads its header to 64; a shape of any size we write fits, so data never moves


def create_stack(path: Path, width: int, dims: int) -> None:
    """Write a stack of one zero row, the unused row 0.

    Args:
        path: The npy file.
        width: D, the encoder's width.
        dims: d, cells per word.
    """
    with path.open("wb") as file:
        file.write(_header(1, width, dims))
        file.write(np.zeros((1, width, dims), dtype="<f4").tobytes())


def open_stack(path: Path) -> NDArray[np.float32]:
    """The (rows, D, d) float32 layers, memory-mapped read-only.

    Raises:
        BundleError: not an npy file of that kind, or shorter than its header says; a pickle is refused unread.
    """
    rows, width, dims, offset = read_shape(path)
    return np.memmap(path, dtype="<f4", mode="r", offset=offset, shape=(rows, width, dims))


def release_pages(stack: NDArray[np.float32]) -> None:
    """Give back the memory that reading a mapped stack took; what is read again comes from the system's file cache.

    A page fault maps the neighbours of a row along, so that a few thousand words take the whole file's size.
    """
    mapped = getattr(stack, "_mmap", None)  # numpy has no public name for it
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def copy_stack(source: Path, target: Path) -> None:
    """A copy that can be appended to; a base's header of another length is brought to ours, its rows as they are."""
    rows, width, dims, offset = read_shape(source)
    if offset == HEADER_BYTES:
        shutil.copyfile(source, target)
        return
    with source.open("rb") as old, target.open("wb") as new:
        new.write(_header(rows, width, dims))
        old.seek(offset)
        shutil.copyfileobj(old, new, 16 * 2**20)


def read_shape(path: Path) -> tuple[int, int, int, int]:
    """Rows, D, d, and the byte offset of the first row.

    Raises:
        BundleError: see `open_stack`.
    """
    expected = "a (words + 1, D, d) float32 npy file"
    try:
        with path.open("rb") as file:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, dtype = read(file)
            offset = file.tell()
        size = path.stat().st_size
    except (OSError, ValueError, *HEADER_ERRORS) as error:
        raise BundleError(f"{path} cannot be read ({error}); expected {expected}; pull the release again") from error
    if dtype != np.dtype("<f4") or len(shape) != 3 or fortran or min(shape) < 1:
        raise BundleError(f"{path} holds {dtype} of shape {shape}; expected {expected}; pull the release again")
    wanted = offset + math.prod(shape) * 4
    if size < wanted:
        raise BundleError(f"{path} has {size:,} bytes, its header promises {wanted:,}; pull the release again")
    return shape[0], shape[1], shape[2], offset


def append_rows(path: Path, start_id: int, rows: NDArray[np.float32]) -> None:
    """Add layers at row `start_id` of a stack, in place; bytes of existing rows are not touched.

    Rows are written behind the promised length first and the header, which makes them part of the array, last: a
    process killed in between leaves the old array, and the same call again completes it.

    Args:
        path: A stack made by `create_stack`, or any C-ordered float32 npy with a 128-byte header.
        start_id: Row of the first layer; rows skipped over are zero.
        rows: (n, D, d) float32, finite.

    Raises:
        BundleError: another width or dims, non-finite values, or a row that exists already.
    """
    n_old, width, dims, offset = read_shape(path)
    if rows.ndim != 3 or rows.shape[1:] != (width, dims):
        raise BundleError(f"layers of shape {rows.shape} do not fit {path}, which holds ({width}, {dims}) per word")
    if not np.isfinite(rows).all():
        raise BundleError("a layer holds NaN or infinity; it would poison every text of its word")
    if start_id < n_old:
        raise BundleError(f"row {start_id} exists already in {path} ({n_old:,} rows); layers are never rewritten")
    header = _header(start_id + len(rows), width, dims)
    if len(header) != offset:
        raise BundleError(f"{path} has a header of {offset} bytes; expected {len(header)}; rewrite it with np.save")
    row_bytes = width * dims * 4
    with path.open("r+b") as file:
        file.truncate(offset + n_old * row_bytes)  # what a killed append may have left behind
        file.truncate(offset + start_id * row_bytes)  # zeros for rows in between, sparse on disk
        file.seek(offset + start_id * row_bytes)
        file.write(np.ascontiguousarray(rows, dtype="<f4").tobytes())
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        file.write(header)


def rewrite_rows(path: Path, rows: Mapping[int, NDArray[np.float32]]) -> None:
    """Put other layers at rows whose words are gone, in place, in the copy that becomes a new release.

    Args:
        path: As for `append_rows`.
        rows: Row -> (D, d) float32 layer, finite.

    Raises:
        BundleError: another width or dims, non-finite values, or a row that is not there.
    """
    n_rows, width, dims, offset = read_shape(path)
    with path.open("r+b") as file:
        for row, layer in rows.items():
            if layer.shape != (width, dims) or not np.isfinite(layer).all() or not 0 < row < n_rows:
                raise BundleError(
                    f"row {row} of {path} cannot be given to another word: {n_rows:,} rows of ({width}, {dims}) finite "
                    f"numbers were expected, found {layer.shape}"
                )
            file.seek(offset + row * width * dims * 4)
            file.write(np.ascontiguousarray(layer, dtype="<f4").tobytes())
        file.flush()
        os.fsync(file.fileno())


def _header(rows: int, width: int, dims: int) -> bytes:
    text = repr({"descr": "<f4", "fortran_order": False, "shape": (rows, width, dims)})
    body = text.encode("latin1").ljust(HEADER_BYTES - 11) + b"\n"
    return npy.magic(1, 0) + len(body).to_bytes(2, "little") + body
