"""A model folder that was made elsewhere: whether it can follow a channel's release, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minicoil.errors import BundleError
from minicoil.folder import check_bundle, read_facts
from minicoil.sparse import check_parity
from minicoil.words import Ledger
from tasks.catalogue import language_fact, open_release, parity_fact
from tasks.place import Place


def check_folder(place: Place, folder: str, parent: int | None, probes: Sequence[str] = ()) -> dict[str, Any]:
    """The facts of a complete model folder, for its manifest.

    Args:
        place: Where the parent is.
        folder: On this machine.
        parent: Release that the channel serves; its layers must be in the folder byte for byte, or the cells that
            collections carry would mean something else.
        probes: Texts to compare the implementations on, beside the built-in ones.

    Raises:
        BundleError: no complete model, or it did not grow from `parent`.
        ParityError: numpy, ONNX and FastEmbed disagree on it.
    """
    path = Path(folder).expanduser().absolute()
    if not path.is_dir():
        raise BundleError(f"{path} is no folder on this machine; give a model folder where this flow's worker runs")
    stack, vocabulary = check_bundle(path)
    rows = 1
    if parent is not None:
        old_stack, old = check_bundle(open_release(place.objects(), parent, place.cache))
        if old.language is not vocabulary.language:
            raise BundleError(
                f"{path} is {vocabulary.language.name}, release {parent}, which the channel serves, is "
                f"{old.language.name}; publish on another channel"
            )
        rows = len(old_stack)
        if stack.shape[1:] != old_stack.shape[1:] or not np.array_equal(stack[:rows], old_stack):
            raise BundleError(
                f"{path} did not grow from release {parent}, which the channel serves: its first {rows - 1:,} layers "
                "differ; extend that release, or publish on another channel"
            )
    ledger, facts = Ledger.read(path), read_facts(path)
    served = ledger.served()
    fresh = [served[word] for word in vocabulary.known_words if word in served and vocabulary.ids[word] >= rows]
    verdicts: dict[str, int] = {}
    for record in fresh or served.values():
        verdicts[record.verdict] = verdicts.get(record.verdict, 0) + 1
    orderings = [r.ordering_accuracy for r in (fresh or served.values()) if r.ordering_accuracy is not None]
    return {
        "dims": vocabulary.dims,
        "n_words": len(vocabulary.known_words),
        "ids_left": vocabulary.ids_left,
        "unreachable": len(vocabulary.unreachable),
        "encoder": facts.encoder,
        "encoder_digest": facts.encoder_digest,
        "vocabulary_digest": vocabulary.digest,
        "verdicts": verdicts,
        "mean_ordering_accuracy": round(float(np.mean(orderings)), 4) if orderings else None,
        **language_fact(facts.language),
        **parity_fact(check_parity(path, probes)),
    }
