"""Words go from what is served, and from a home that serves nothing at no cost."""

from flows.forms import RemoveParameters
from flows.remove_words import remove_words


def test_where_nothing_is_served_nothing_is_exported_to_find_that_out(tmp_path):
    answer = remove_words(RemoveParameters(home=str(tmp_path / "home"), words=["pods"]))
    assert "nothing to do" in answer["message"] and "`minicoil extend" in answer["message"]
    assert answer["words"][0]["verdict"] == "kept_bm25" and answer.release is None
    assert not list((tmp_path / "home").rglob("*.onnx"))
