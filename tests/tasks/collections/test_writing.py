"""Points are written with the vectors, stamp and pace that their collection says."""

import time

from tasks.collections.writing import Pace


def test_writing_is_held_to_a_pace():
    pace, started = Pace(200), time.monotonic()
    for _ in range(4):
        pace.wait_for(20)
    assert time.monotonic() - started >= 0.35
    Pace(None).wait_for(10**9)
