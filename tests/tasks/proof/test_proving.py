import numpy as np

from minicoil.words.ledger import WordRecord
from tasks.proof.proving import return_to_bm25
from tasks.training.word_memory import WordResult


def test_a_word_that_hurts_loses_its_new_layer_and_says_so():
    layer = np.ones((3, 4), np.float32)
    results = [WordResult(WordRecord(word, "accepted", ""), layer) for word in ("flow", "pod", "node")]
    results.append(WordResult(WordRecord("rare", "kept_bm25", "25 required"), None))
    kept = {result.record.word: result for result in return_to_bm25(results, {"flow", "pod", "rare"}, {"pod"})}
    assert kept["flow"].weights is None and kept["flow"].record.verdict == "kept_bm25"
    assert kept["pod"].weights is None and kept["pod"].record.verdict == "unchanged"
    assert "lowers retrieval" in kept["flow"].record.reason and "old layer stays" in kept["pod"].record.reason
    assert kept["node"].weights is layer and kept["rare"].record.reason == "25 required"
