"""A release folder out of its parent and the layers just trained; checked before anyone may see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.files import BundleLayout, open_stack
from minicoil.folder import check_bundle, derive_bundle, read_facts
from minicoil.importance import find_importance
from minicoil.retrieval import SetResult
from minicoil.sparse import ParityReport, check_parity
from minicoil.text import WordTokenizer, stem
from minicoil.training import Prior
from minicoil.words import Candidate, Vocabulary, WordRecord, bury_unused, reused_ids
from tasks.catalogue import JOINED_FIELD, SYMBOLS_FIELD, CollectionRecord, language_fact
from tasks.models import Parent
from tasks.points import PointFilter, PointStore
from tasks.releases.front_matter import CardFacts
from tasks.releases.listed_forms import list_forms
from tasks.releases.model_card import model_card
from tasks.sentences import SentenceStore
from tasks.training import ImportanceLesson, WordResult

_PROBES = 200  # texts the implementations are compared on before publishing


@dataclass(frozen=True)
class Draft:
    """A release that is about to be assembled, all but its words' results.

    Attributes:
        parent: What it grows from; every row of it stays, byte for byte.
        release: Its number, claimed already.
        folder: Where it is written.
        request: Digest of what was asked for.
        prior: Travels with the release.
        probes: Real texts that the implementations are compared on.
        remove: Words that return to BM25; for one among the results its record there says why.
        joined: See `joined_tokens_of`.
        sources: SPECs of the corpora, for the card.
        reused: Ids that earlier releases gave out again -> the last one that did.
        lesson: Importance that was learned for it; the parent's goes along where it has one.
        with_importance: False leaves out what the parent has, too.
        recipe: The command that makes it again, for the card.
        licence: Of the release, as it was said; "": the parent's.
    """

    parent: Parent
    release: int
    folder: Path
    request: str
    prior: Prior | None
    probes: Sequence[str]
    remove: Sequence[str] = ()
    joined: Sequence[str] = ()
    sources: Sequence[str] = ()
    reused: Mapping[int, int] = field(default_factory=dict)
    lesson: ImportanceLesson = field(default_factory=ImportanceLesson)
    with_importance: bool = True
    recipe: str = ""
    licence: str = ""

    @property
    def licence_said(self) -> str:
        """By whoever asked for it, or for a release that it grew from; "" where nobody said one."""
        return self.licence or self.parent.facts.licence


@dataclass(frozen=True)
class Assembled:
    """A release folder that is ready to publish."""

    folder: Path
    vocabulary: Vocabulary
    facts: dict[str, Any]
    parity: ParityReport


def joined_tokens_of(
    points: PointStore, records: Sequence[CollectionRecord], words: Mapping[str, Sequence[str]]
) -> list[str]:
    """Symbol-joined tokens in the collections, a part of which becomes one of `words` (entry -> forms).

    Unless they are mapped to the word, their points would keep a cell that no query asks for any more.
    """
    found: set[str] = set()
    for record in records:
        keys = sorted(words)
        if record.language != "en":  # parts are kept by FastEmbed's stem, which there is not the entry's name
            keys = sorted({*words, *(stem(form) for forms in words.values() for form in forms)})
        for start in range(0, len(keys), 1000):
            where = PointFilter(any_of={JOINED_FIELD: keys[start : start + 1000]})
            for page in points.scroll(record.name, where, [SYMBOLS_FIELD]):
                for point in page:
                    found.update(point.payload.get(SYMBOLS_FIELD) or ())
    return sorted(found)


def probe_texts(store: SentenceStore, chosen: Sequence[Candidate]) -> list[str]:
    """Real sentences with words of the extension, on which the release's implementations must agree."""
    step = max(len(chosen) // 50, 1)
    found = store.sample_each({candidate.word: candidate.use.forms for candidate in chosen[::step]}, 4)
    unique = list(dict.fromkeys(key for keys in found.values() for key in keys))[:_PROBES]
    return [sentence.text for page in store.texts(unique) for sentence in page]


def assemble(draft: Draft, results: Sequence[WordResult]) -> Assembled:
    """Write the child's folder: vocabulary, rows, ledger, prior, graphs, card; then compare the implementations.

    Args:
        draft: What does not depend on which layers are kept.
        results: Words with a layer are added or get a fresh id; all are written to the ledger.

    Raises:
        VocabularyFullError: no ids are left.
        ParityError: numpy, ONNX and FastEmbed do not agree; the folder must not be published.
    """
    parent, remove, out = draft.parent, draft.remove, draft.folder
    layers = {result.record.word: result.weights for result in results if result.weights is not None}
    known = set(parent.vocabulary.known_words)
    forms = {r.record.word: r.record.forms for r in results if r.record.word in layers}
    forms = list_forms(WordTokenizer.from_folder(parent.folder), forms)
    add = {word: given for word, given in forms.items() if word not in known}
    retrain = {word: given for word, given in forms.items() if word in known}
    vocabulary, fresh = parent.vocabulary.apply(add=add, retrain=retrain, remove=remove, joined_tokens=draft.joined)
    vocabulary = bury_unused(vocabulary)
    stack = open_stack(BundleLayout(parent.folder).stack)
    rows: dict[int, NDArray[np.float32]] = {
        # a word carried to a fresh id by a neighbour's arrival takes its old layer along
        word_id: np.asarray(layers[word] if word in layers else stack[parent.vocabulary.ids[word]], dtype=np.float32)
        for word, word_id in fresh.items()
    }
    again = reused_ids(check_bundle(parent.folder)[1], vocabulary)
    reused = {**draft.reused, **dict.fromkeys(again, draft.release)}
    facts = {**_facts(parent, vocabulary, results, remove), "request": draft.request}
    if draft.licence_said:
        facts["licence"] = draft.licence_said
    if reused:
        facts["reused_ids"] = {str(word_id): number for word_id, number in sorted(reused.items())}
    properties = {key: str(facts[key]) for key in ("encoder", "encoder_digest", "vocabulary_digest")}
    derive_bundle(parent.folder, out, vocabulary, rows, {"release": str(draft.release), **properties})
    if draft.licence:
        replace(read_facts(out), licence=draft.licence).write(BundleLayout(out).facts)
    judged = {result.record.word for result in results}
    removed = [WordRecord(word, "removed", "asked for") for word in remove if word not in judged]
    records = [*(result.record for result in results), *removed]
    parent.ledger.updated(records, draft.request, draft.release).write(out)
    if draft.prior is not None:
        draft.prior.write(out)
    if importance := _settle_importance(draft):
        facts["importance"] = importance
    write_card(draft, vocabulary, results)
    return Assembled(out, vocabulary, facts, check_parity(out, draft.probes))


def write_card(
    draft: Draft, vocabulary: Vocabulary, results: Sequence[WordResult], judged: Sequence[SetResult] = ()
) -> None:
    """Write the card of an assembled release, in the place of the one it has.

    Args:
        draft: It was assembled from.
        vocabulary: Its own.
        results: Of every word that was looked at.
        judged: Results of the sets it was judged on, once it was.
    """
    facts = CardFacts(
        draft.release,
        draft.sources,
        draft.recipe,
        draft.request,
        draft.remove,
        judged,
        licence=draft.licence_said,
        has_importance=BundleLayout(draft.folder).importance.exists(),
    )
    card = model_card(draft.parent, vocabulary, results, facts)
    BundleLayout(draft.folder).card.write_text(card, encoding="utf-8")


def _settle_importance(draft: Draft) -> dict[str, Any]:
    """Write or remove the file that weighs words; what the manifest says of it, nothing where there is nothing to say.

    A release that was derived has its parent's, to the byte: collections are known by it.
    """
    path = BundleLayout(draft.folder).importance
    if not draft.with_importance:
        path.unlink(missing_ok=True)
        return {}
    if draft.lesson.importance is not None:
        draft.lesson.importance.write(path)
    carried = find_importance(draft.folder)
    named = {} if carried is None else {"digest": carried.digest, "beta": carried.beta}
    return {**named, **draft.lesson.facts}


def _facts(
    parent: Parent, vocabulary: Vocabulary, results: Sequence[WordResult], remove: Sequence[str]
) -> dict[str, Any]:
    verdicts: dict[str, int] = {"removed": len(remove)} if remove else {}
    for result in (result for result in results if result.record.word not in remove):
        verdicts[result.record.verdict] = verdicts.get(result.record.verdict, 0) + 1
    orderings = [r.record.ordering_accuracy for r in results if r.weights is not None and r.record.ordering_accuracy]
    origin = parent.facts
    base = {"name": origin.base, "digest": origin.base_digest, "licence": origin.base_licence} if origin.base else None
    return {
        "base": base,
        "dims": vocabulary.dims,
        "n_words": len(vocabulary.known_words),
        "ids_left": vocabulary.ids_left,
        "verdicts": verdicts,
        "mean_ordering_accuracy": round(float(np.mean(orderings)), 4) if orderings else None,
        "encoder": parent.facts.encoder,
        "encoder_digest": parent.facts.encoder_digest,
        "vocabulary_digest": vocabulary.digest,
        "unreachable": len(vocabulary.unreachable),
        **language_fact(vocabulary.language.code),
    }
