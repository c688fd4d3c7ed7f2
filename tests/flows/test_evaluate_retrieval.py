"""What is measured has to be there: a set, a collection, a release."""

import pytest

from flows.evaluate_retrieval import evaluate_retrieval
from flows.forms.proof_parameters import EvaluateParameters
from minicoil.errors import CollectionError, MiniCoilError, ReleaseError

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


@pytest.mark.parametrize(
    ("asked", "kind", "message"),
    [
        ({"folder": "absent"}, MiniCoilError, "absent|release"),
        ({"collection": "docs"}, MiniCoilError, "docs|release"),
        ({"folder": "absent", "collection": "docs"}, CollectionError, "'docs'"),
        ({"folder": "absent", "model": "nowhere"}, MiniCoilError, "nowhere"),
        ({"folder": "absent", "release": 7}, ReleaseError, "release 7"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, asked, kind, message):
    with pytest.raises(kind, match=message):
        evaluate_retrieval(EvaluateParameters(home=str(tmp_path / "home"), **asked))
