"""Who reads what is settled by a flow as by the command, and where nobody reads it says so."""

import pytest

from flows.forms.reader_parameters import ReadersParameters
from flows.settle_readers import settle_readers
from minicoil.errors import ReleaseError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_in_an_empty_home_nobody_reads_anything(tmp_path):
    answer = settle_readers(ReadersParameters(home=str(tmp_path)))
    assert list(answer.readers) == [] == list(answer.collections)


def test_a_release_that_is_not_there_can_be_read_by_nobody(tmp_path):
    with pytest.raises(ReleaseError, match="release 7 was not found"):
        settle_readers(ReadersParameters(home=str(tmp_path), name="shop-api", release=7))
    with pytest.raises(UsageError):
        settle_readers(ReadersParameters(home=str(tmp_path), name="shop-api"))
