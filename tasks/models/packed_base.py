"""A base without its encoder: layers, words and what was learned of them, small enough to travel as one file.

Who has the packaged encoder needs nothing else: `complete_base` puts both together again, once per home.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from minicoil.errors import BundleError
from minicoil.files import BundleLayout, append_rows, create_stack, open_stack, replacing_folder
from minicoil.folder import BundleFacts, check_bundle, derive_bundle, file_digest, read_facts
from minicoil.importance import find_importance
from minicoil.training import Prior
from minicoil.words import Ledger, Vocabulary
from tasks.models.empty import open_empty
from tasks.models.encoders import PACKAGED
from tasks.place import Place

ROLE_MODEL = PACKAGED  # of every packed base: its prior is of this model's vectors


def pack_base(release: Path, role_model: str, out: Path, card: str) -> None:
    """Write a release as a base without its encoder; its records become those of a first release.

    Args:
        release: Its folder, complete.
        role_model: What its words were trained on.
        out: Folder to create; a packed base that is there is replaced as a whole.
        card: README.md of the base, with its licence in the front matter.

    Raises:
        BundleError: made with another encoder or role model than the packaged one, layers that float16 cannot hold, or
            `out` holds something else.
    """
    facts = read_facts(release)
    stack, vocabulary = check_bundle(release)
    if (facts.encoder, role_model) != (PACKAGED, ROLE_MODEL):
        raise BundleError(
            f"{release} was made with encoder '{facts.encoder}' and role model '{role_model}'; a base without its "
            f"encoder needs '{PACKAGED}' for both: give others the whole folder"
        )
    rows = np.array(stack[: vocabulary.n_rows])
    with np.errstate(over="ignore"):  # what is past its range is not exact either
        exact = np.array_equal(rows.astype(np.float16).astype(np.float32), rows)
    if not exact:
        raise BundleError(f"{release} has layers of single precision; train all of them with --rounding float16")
    if out.exists() and not lacks_encoder(out):
        raise BundleError(f"{out} exists and is no packed base; it stays as it is: give another folder")
    source = BundleLayout(release)
    with replacing_folder(out) as part:
        part.mkdir()
        target = BundleLayout(part)
        create_stack(target.stack, facts.width, facts.dims)
        if len(rows) > 1:
            append_rows(target.stack, 1, rows[1:])
        shutil.copyfile(source.vocabulary, target.vocabulary)
        facts.write(target.facts)
        target.card.write_text(card, encoding="utf-8")
        Ledger.read(release).founding().write(part)
        _copy_learned(release, part)


def lacks_encoder(folder: Path) -> bool:
    """Whether a folder is a base without its encoder: facts, layers and words of ours, and no encoder at all."""
    layout = BundleLayout(folder)
    ours = (layout.facts, layout.stack, layout.vocabulary)
    return not layout.encoder.parent.exists() and all(path.is_file() for path in ours)


def complete_base(place: Place, folder: Path, name: str, licence: str) -> Path:
    """Folder of a packed base with the packaged encoder, made once per home.

    Args:
        place: Where it is made.
        folder: See `lacks_encoder`.
        name: The base is known by.
        licence: As its card states it.

    Raises:
        BundleError: its facts name another encoder, or its files contradict each other or the encoder.
        ModuleNotFoundError: the packaged encoder is not installed.
    """
    layout, facts = BundleLayout(folder), read_facts(folder)
    if facts.encoder != PACKAGED:
        raise BundleError(
            f"base {folder} has no encoder (onnx/model.onnx), and its layers are for encoder '{facts.encoder}'; only "
            f"the packaged one, '{PACKAGED}', is at hand: give the whole model folder"
        )
    stack = open_stack(layout.stack)
    vocabulary = Vocabulary.read(layout.vocabulary, stack.shape[2])
    empty = open_empty(place, PACKAGED, stack.shape[2], facts.language)
    given = read_facts(empty)
    if (given.width, vocabulary.n_rows) != (stack.shape[1], len(stack)):
        raise BundleError(
            f"base {folder}: {vocabulary.n_rows:,} rows of {given.width} numbers a token were expected of its layers, "
            f"found {len(stack):,} of {stack.shape[1]}; its files are of different models: get the folder anew"
        )
    digest = base_digest_of(folder)
    done = place.cache / f"base-{hashlib.sha256(f'{digest}:{name}:{licence}'.encode()).hexdigest()[:16]}"
    try:
        check_bundle(done)
    except BundleError:  # not made yet
        _put_together(folder, empty, done, replace(given, base=name, base_digest=digest, base_licence=licence))
    return done


def base_digest_of(folder: Path) -> str:
    """Digest that a base is known by: of its stack and vocabulary, whatever lies beside them."""
    layout = BundleLayout(folder)
    own = [file_digest(layout.stack), file_digest(layout.vocabulary)]
    return hashlib.sha256("".join(own).encode()).hexdigest()


def _put_together(folder: Path, empty: Path, done: Path, facts: BundleFacts) -> None:
    source = BundleLayout(folder)
    stack = open_stack(source.stack)
    vocabulary = Vocabulary.read(source.vocabulary, stack.shape[2])
    rows = {row: np.asarray(stack[row]) for row in range(1, len(stack))}
    with replacing_folder(done) as part:
        derive_bundle(empty, part, vocabulary, rows, {"encoder": PACKAGED, "vocabulary_digest": vocabulary.digest})
        target = BundleLayout(part)
        # byte for byte, so that the base is known by the same digest wherever it was completed
        shutil.copyfile(source.stack, target.stack)
        shutil.copyfile(source.vocabulary, target.vocabulary)
        facts.write(target.facts)
        if source.card.is_file():
            shutil.copyfile(source.card, target.card)
        Ledger.read(folder).write(part)
        _copy_learned(folder, part)


def _copy_learned(source: Path, target: Path) -> None:
    """What was learned beside the layers, as far as there is any: the prior, and how much words matter."""
    if (prior := Prior.read(source)) is not None:
        prior.write(target)
    if (importance := find_importance(source)) is not None:
        importance.write(BundleLayout(target).importance)
