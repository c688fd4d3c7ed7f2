"""Which model an address gives, and what goes with which address."""

import pytest

from minicoil.errors import UsageError
from tasks.vectors.served_model import ModelAddress


def test_a_folder_is_fixed_and_a_release_has_its_number(bundle, place, monkeypatch):
    served = ModelAddress(str(bundle), avg_len=9.0).open()
    assert (served.release, served.releases, served.problem) == (None, (), None)
    assert served.model.bm25.avg_len == 9.0
    monkeypatch.setenv("MINICOIL_HOME", str(place.home))
    served = ModelAddress(f"{place.store_url}@2").open()
    assert (served.release, served.releases) == (2, (2,))
    served.close()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"place": "./model", "collection": "docs"}, "is no channel"),
        ({"place": "file:///x@production", "importance": "0" * 64}, "is followed"),
        ({"place": "file:///x@production", "collection": "docs", "k": 1.0, "avg_len": 9.0}, "names its k, avg_len"),
    ],
)
def test_what_contradicts_itself_is_refused(given, says):
    with pytest.raises(UsageError, match=says):
        ModelAddress(**given).open()
