"""Model folders: made empty from an encoder, derived from a parent by adding layers, and checked."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minicoil.errors import BundleError, UsageError
from minicoil.files import (
    BundleLayout,
    Count,
    append_rows,
    check_numbers,
    copy_stack,
    create_stack,
    open_stack,
    parse_json,
    read_shape,
    rewrite_rows,
    write_json,
)
from minicoil.text import ENGLISH, Language, open_language, read_language
from minicoil.words import Vocabulary, reused_ids

FACTS_VERSION = 1


@dataclass(frozen=True)
class BundleFacts:
    """What a folder's files do not say by themselves.

    Attributes:
        encoder: Name it was asked for by.
        encoder_digest: Hex sha256 of the ONNX encoder.
        dims: Cells per word.
        width: D, numbers per token embedding.
        base: Name of the model that the lineage started from; "" where it started from an empty vocabulary.
        base_digest: Of the base's stack and vocabulary.
        base_licence: Its licence as its own card states it.
        pooling: "mean" where the encoder's sentence embedding is the mean of its token embeddings, else "other".
        language: ISO 639 code of the texts: fixed when a lineage begins.
        licence: Of the folder, as whoever made a release of the lineage said it; "" where nobody did.
    """

    encoder: str
    encoder_digest: str
    dims: Count
    width: Count
    version: Count = FACTS_VERSION
    base: str = ""
    base_digest: str = ""
    base_licence: str = ""
    pooling: str = "mean"
    language: str = "en"
    licence: str = ""

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("encoder", "encoder_digest", "base", "base_digest", "base_licence", "pooling", "licence"):
            if not isinstance(getattr(self, name), str):
                raise UsageError(f"{name}: text was expected, found {type(getattr(self, name)).__name__}")
        open_language(self.language)

    def write(self, path: Path) -> None:
        """Write `minicoil.json`; what came later and says nothing is left out: English, and no licence."""
        silent = {("language", "en"), ("licence", "")}
        said = {name: value for name, value in asdict(self).items() if (name, value) not in silent}
        path.write_text(write_json(said, indent=1, ascii_only=True) + "\n", encoding="utf-8")


def create_empty_bundle(
    model_folder: Path, out: Path, dims: int = 4, encoder: str = "minilm", language: Language = ENGLISH
) -> BundleFacts:
    """Write a model folder that knows no word, from a Hugging Face encoder folder.

    Args:
        model_folder: config.json, tokenizer.json and weights, or a ready onnx/model.onnx.
        out: Folder to create; replaced as a whole, so a killed run leaves nothing half-made.
        dims: Cells per word of everything that grows from it.
        encoder: Name to remember the encoder by.
        language: Of the texts of everything that grows from it.

    Raises:
        EncoderError: not a WordPiece encoder folder.
    """
    from minicoil.encoder import TokenEncoder, export_encoder, pools_by_mean, write_tokenizer_files
    from minicoil.folder.fused import write_graphs

    part = out.with_name(f"{out.name}.part{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    layout = BundleLayout(part)
    write_tokenizer_files(model_folder, layout)
    export_encoder(model_folder, layout)
    width = TokenEncoder(layout.encoder).width
    layout.stopwords.write_text("".join(f"{word}\n" for word in sorted(language.stopwords)), encoding="utf-8")
    Vocabulary.empty(dims, language=language).write(layout.vocabulary)
    create_stack(layout.stack, width, dims)
    # without modules.json sentence-transformers itself takes the mean
    is_mean = pools_by_mean(model_folder) or not (model_folder / "modules.json").exists()
    pooling = "mean" if is_mean else "other"
    facts = BundleFacts(encoder, file_digest(layout.encoder), dims, width, pooling=pooling, language=language.code)
    facts.write(layout.facts)
    write_graphs(layout)
    shutil.rmtree(out, ignore_errors=True)
    part.replace(out)
    return facts


def derive_bundle(
    parent: Path,
    out: Path,
    vocabulary: Vocabulary,
    rows: Mapping[int, NDArray[np.float32]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write the folder of a child release: the parent's files, more rows, the new vocabulary, new graphs.

    The parent is never written to, and its rows are copied byte for byte; in the child those of reclaimed ids are other
    words' (`minicoil.words.reclaiming`).

    Args:
        parent: A complete model folder.
        out: Folder to create.
        vocabulary: The child's.
        rows: Word id -> (D, d) float32 layer, for every fresh id.
        metadata: Properties of the child's graphs.

    Raises:
        BundleError: a row exists already, or does not fit.
    """
    from minicoil.folder.fused import write_graphs

    source, target = BundleLayout(parent), BundleLayout(out)
    shutil.rmtree(out, ignore_errors=True)
    for path in source.carried():
        copy = out / path.relative_to(parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        # a real copy: the ONNX checker refuses external data in a file with several hard links
        shutil.copyfile(path, copy)
    copy_stack(source.stack, target.stack)
    n_rows, width, dims, _ = read_shape(target.stack)
    again = {word_id: layer for word_id, layer in rows.items() if word_id < n_rows}
    if again:  # the only rows that ever change are those of words that are gone
        reused = reused_ids(Vocabulary.read(source.vocabulary, dims), vocabulary)
        if strange := sorted(again.keys() - {*reused}):
            raise BundleError(f"row {strange[0]} exists already in {source.stack}, and its word is not gone from there")
        rewrite_rows(target.stack, again)
    fresh = {word_id: layer for word_id, layer in rows.items() if word_id >= n_rows}
    if fresh:
        first, last = min(fresh), max(fresh)
        block = np.zeros((last - first + 1, width, dims), dtype=np.float32)
        for word_id, layer in fresh.items():
            block[word_id - first] = layer
        append_rows(target.stack, first, block)
    vocabulary.write(target.vocabulary)
    write_graphs(target, metadata)


def check_bundle(folder: Path) -> tuple[NDArray[np.float32], Vocabulary]:
    """The stack and vocabulary of a folder that is a complete model.

    Returns:
        (rows, D, d) float32 layers, mapped from the file, row 0 of no word; and the vocabulary that names the others.

    Raises:
        BundleError: a file is missing, empty, damaged, or contradicts another one.
    """
    layout = BundleLayout(folder)
    missing = [str(path.relative_to(folder)) for path in layout.required() if not path.is_file()]
    if missing:
        raise BundleError(
            f"{folder} is not a miniCOIL model: {', '.join(missing)} not found; pull the release again, "
            "or give a folder that FastEmbed loads"
        )
    stack = open_stack(layout.stack)
    vocabulary = Vocabulary.read(layout.vocabulary, stack.shape[2])
    if vocabulary.n_rows > len(stack):
        raise BundleError(
            f"{folder}: the vocabulary names {vocabulary.n_rows - 1:,} words, the stack has layers for "
            f"{len(stack) - 1:,}; the two files are of different releases"
        )
    try:
        stopwords = layout.stopwords.read_text("utf-8").split()
    except (OSError, ValueError) as error:
        raise BundleError(f"{layout.stopwords} cannot be read ({error}); pull the release again") from error
    language = vocabulary.language
    if (named := read_language(layout.facts)) is not language:
        raise BundleError(
            f"{folder}: its vocabulary is {language.name}, minicoil.json says {named.name}; the two files are of "
            "different releases"
        )
    if lacking := language.stopwords.difference(stopwords):
        raise BundleError(
            f"{layout.stopwords} lacks {len(lacking)} stopwords that encoding relies on; pull the release again"
        )
    return stack, vocabulary


def read_facts(folder: Path) -> BundleFacts:
    """What `minicoil.json` says; measured from the files where a foreign base has none.

    Raises:
        BundleError: the file is damaged or of a version this code does not read.
    """
    layout = BundleLayout(folder)
    if not layout.facts.exists():
        _, width, dims, _ = read_shape(layout.stack)
        return BundleFacts(folder.name, file_digest(layout.encoder), dims, width)
    try:
        facts = BundleFacts(**parse_json(layout.facts.read_text("utf-8")))
    except (OSError, ValueError, TypeError, UsageError) as error:
        raise BundleError(f"{layout.facts} is damaged ({error}); pull the release again") from error
    if facts.version != FACTS_VERSION:
        raise BundleError(f"{layout.facts} has version {facts.version}; this program reads {FACTS_VERSION}")
    return facts


def file_digest(path: Path) -> str:
    """Hex sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
