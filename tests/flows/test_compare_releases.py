"""Two releases are compared on points that are there, by queries that are there."""

import pytest

from flows.compare_releases import compare_releases
from flows.forms.proof_parameters import CompareParameters
from minicoil.errors import CollectionError, MiniCoilError

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_a_collection_or_a_file_that_is_not_there_is_named(tmp_path):
    queries = tmp_path / "q.txt"
    queries.write_text("pods\n")
    asked = {"home": str(tmp_path / "home"), "one": 0, "other": 1, "collection": "docs"}
    with pytest.raises(CollectionError, match="'docs'"):
        compare_releases(CompareParameters(**asked, queries=str(queries)))
    with pytest.raises(MiniCoilError):
        compare_releases(CompareParameters(**asked, queries=str(tmp_path / "absent.txt")))
