"""Versions of the rules by which words are learned: what was made by other rules counts as made from other inputs.

Whoever changes what one of them yields for some input raises its version, and every word is trained again at its next
turn. Moving code, renaming it or making it faster changes no version; `tests/minicoil/training/test_rules.py` holds
recorded results of each rule and fails where one of them came out differently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

RULES: Mapping[str, int] = {
    "text": 2,  # tokens, folding, stems, sentences, snippets, content words: which sentences a word has; 2: sentencex
    "embeddings": 1,  # of tokens and of sentences, by ONNX Runtime and by torch, and their precision
    "triplets": 1,  # occurrences, what counts as close, which triplets are held out
    "training": 1,  # prior, closed form, fit, ordering
    "verdicts": 1,  # figures on held-out triplets, and when a layer is taken
}
# Before rules had versions, layers were kept under a digest of the source files; those of the last such version stand.
_FIRST = {name: 1 for name in RULES}
_FIRST_DIGEST = "80bf23edcf13689a8d3e36e8aefa29c266281bca1ab07acfe276da9815da3ccd"


def rules_digest(rules: Mapping[str, int] = RULES) -> str:
    """Hex sha256 that stands for a set of versions, as a part of the digest that a trained layer is kept under."""
    if rules == _FIRST:
        return _FIRST_DIGEST
    return hashlib.sha256("\n".join(f"{name}:{rules[name]}" for name in sorted(rules)).encode()).hexdigest()
