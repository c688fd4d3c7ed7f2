"""Words that shall go are found in any of their forms; those that the model does not know are told apart."""

from types import SimpleNamespace

from minicoil.folder.bundle import check_bundle
from tasks.releases.removal import plan_removal


def test_words_are_looked_up_in_any_of_their_forms(bundle):
    parent = SimpleNamespace(folder=bundle, vocabulary=check_bundle(bundle)[1])
    removal = plan_removal(parent, ["Nodes", "node", "Pods", "zzyzx"])
    assert removal.words == ("Nodes", "node", "Pods", "zzyzx") and removal.known == ("node", "pod")
    assert [(row["word"], row["verdict"]) for row in removal.rows] == [
        ("node", "removed"), ("pod", "removed"), ("zzyzx", "kept_bm25"),
    ]  # fmt: skip
    assert removal.rows[-1]["reason"] == "'zzyzx' was not in the vocabulary"


def test_a_model_without_words_has_none_to_remove(empty_bundle):
    parent = SimpleNamespace(folder=empty_bundle, vocabulary=check_bundle(empty_bundle)[1])
    removal = plan_removal(parent, ["pods"])
    assert removal.known == () and [row["word"] for row in removal.rows] == ["pod"]
