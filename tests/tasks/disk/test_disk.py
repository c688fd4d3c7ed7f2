"""A full disk is told from one that may not be written, with what to do about either."""

import errno

import pytest

from tasks.disk.disk import FREE_SOME, free_bytes, is_full, way_out


@pytest.mark.parametrize(
    ("number", "full"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False), (errno.EROFS, False)]
)
def test_a_full_disk_and_a_full_share_of_it_need_space_and_nothing_else_does(number, full):
    error = OSError(number, "x")
    assert is_full(error) is full
    assert way_out(error) == (FREE_SOME if full else "check the path and its permissions")


def test_an_error_without_a_number_is_no_full_disk():
    assert not is_full(OSError("only words"))


def test_space_is_counted_where_a_folder_is_and_endless_where_nobody_can_say(tmp_path):
    assert 0 <= free_bytes(tmp_path) < 2**63
    assert free_bytes(tmp_path / "nowhere") == 2**63
