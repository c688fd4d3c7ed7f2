"""Arrays that anybody may have written: whatever is wrong with them comes out as one error, `ValueError`."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

# what numpy's reader of headers lets out, beside ValueError
HEADER_ERRORS = (EOFError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError, OverflowError)
# what Python's reader of zip archives lets out: other people's compression, passwords, names that are none or not there
ZIP_ERRORS = (BadZipFile, zlib.error, ValueError, OSError, EOFError, LookupError, NotImplementedError, RuntimeError)


def load_array(path: Path, mmap_mode: Literal["r"] | None = None) -> NDArray[Any]:
    """The array of an npy file; a pickle is refused unread.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no array.
    """
    with path.open("rb") as file:
        is_archive = file.read(2) == b"PK"
    if is_archive:  # numpy would open it as one, and leave the file open
        raise ValueError("no npy file, an archive")
    try:
        array: NDArray[Any] = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except (*HEADER_ERRORS, ValueError) as error:
        raise ValueError(f"no npy file ({error})") from error
    return array


def read_archive(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file's content, by name; a pickle is refused unread.

    Raises:
        ValueError: it is no archive of arrays.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (*HEADER_ERRORS, *ZIP_ERRORS) as error:
        raise ValueError(f"no npz file ({error})") from error
