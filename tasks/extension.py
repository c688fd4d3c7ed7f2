"""Small steps of an extension that belong to no other room: names, probes, backgrounds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minicoil.mining import Candidate
from minicoil.sentences import split_sentences
from minicoil.tokens import WordTokenizer
from minicoil.word_counts import WordCounts
from tasks.bundles import Parent
from tasks.corpus import CorpusReport, read_corpora
from tasks.encoders import RoleModel
from tasks.points import PointStore
from tasks.sentence_store import SentenceStore

_HOW = {"evaluate", "judged_sets", "text_in_report", "approval_days"}  # how an answer is judged, shown and approved
_NOT_PART_OF_A_REQUEST = {"home", "store", "qdrant_url", "promote", "dry_run", "collections", *_HOW}
_PROBES = 200  # texts the implementations are compared on before publishing


def request_digest(parameters: Mapping[str, Any], corpus_digest: str) -> str:
    """Digest of what was asked for and of the text it was asked about; where it runs does not matter."""
    asked = {key: value for key, value in parameters.items() if key not in _NOT_PART_OF_A_REQUEST}
    document = json.dumps([asked, corpus_digest], sort_keys=True, default=str)
    return hashlib.sha256(document.encode()).hexdigest()


def source_names(specs: Sequence[str]) -> list[str]:
    """Corpora as a stranger may read of them: of a path on this machine, only its last part.

    >>> source_names(["pydocs:torch", "/home/me/texts/docs.jsonl", "hf:scifact#text"])
    ['pydocs:torch', 'docs.jsonl', 'hf:scifact#text']
    """
    is_address = [spec.startswith(("hf:", "pydocs:", "qdrant:")) for spec in specs]
    return [spec if known else Path(spec).name for spec, known in zip(specs, is_address, strict=True)]


def role_width(parent: Parent, role_model: str) -> int:
    """R, numbers per role-model vector; another model than the encoder has to be asked."""
    if role_model == parent.facts.encoder:
        return parent.facts.width
    return int(RoleModel(role_model).encode(["width"]).shape[1])


def background_counts(tokenizer: WordTokenizer, spec: str | None, points: PointStore) -> WordCounts | None:
    """Counts of a corpus of general text, None where none was given."""
    if spec is None:
        return None
    counts = WordCounts()
    for entry in read_corpora([spec], CorpusReport(), points=points):
        sentences = list(split_sentences(entry.body))
        if sentences:
            counts.add([text.tokens[1:-1] for text in tokenizer.tokenize(sentences)])
    return counts


def probe_texts(store: SentenceStore, chosen: Sequence[Candidate]) -> list[str]:
    """Real sentences with words of the extension, on which the release's implementations must agree."""
    keys: list[int] = []
    step = max(len(chosen) // 50, 1)
    for candidate in chosen[::step]:
        keys += store.sample(candidate.use.forms, 4)
    unique = list(dict.fromkeys(keys))[:_PROBES]
    return [sentence.text for page in store.texts(unique) for sentence in page]
