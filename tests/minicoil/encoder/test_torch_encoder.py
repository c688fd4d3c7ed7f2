"""What the bfloat16 encoder keeps between batches."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHILD = """
import ctypes, gc, sys
from pathlib import Path
import numpy as np
from minicoil.encoder.torch_encoder import TorchTokenEncoder

class Info(ctypes.Structure):
    _fields_ = [(f"field{i}", ctypes.c_size_t) for i in range(10)]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info

def held_mib():
    gc.collect()
    return libc.mallinfo2().field7 / 2**20  # bytes handed out and not given back

encoder = TorchTokenEncoder(Path(sys.argv[1]))

def encode(sizes):
    for n in sizes:
        encoder._forward(np.full((n, 11), 2000), np.ones((n, 11), np.int64))

encode(range(2, 26))
before = held_mib()
encode(range(26, 66))
print(held_mib() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc what is held")
def test_batches_of_ever_new_shapes_leave_nothing_behind(tiny_encoder):
    command = [sys.executable, "-c", CHILD, str(tiny_encoder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 10  # of forty shapes, a megabyte each where all of them are kept
