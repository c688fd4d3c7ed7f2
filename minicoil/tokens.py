"""Whole words as the encoder's own WordPiece tokenizer sees them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer

from minicoil.errors import BundleError, EncoderError
from minicoil.layout import BundleLayout

PREFIX = "##"


@dataclass(frozen=True)
class TokenizedText:
    """One text after truncation.

    Attributes:
        ids: (S,) int64 piece ids, specials included.
        tokens: Words with their pieces joined, specials included, in order.
        positions: (S,) int32, for every piece the index of its word in `tokens`.
        truncated: True where the text was longer than the encoder's limit.
    """

    ids: NDArray[np.int64]
    tokens: tuple[str, ...]
    positions: NDArray[np.int32]
    truncated: bool


class WordTokenizer:
    """WordPiece tokenizer without padding, whose pieces are joined back to words as FastEmbed joins them.

    Source: FastEmbed 0.9.1, `load_tokenizer` and `VocabResolver._reconstruct_bpe`.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self.max_length = max_length
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=max_length)
        pieces = tokenizer.get_vocab(with_added_tokens=True)
        self._pieces = {index: piece for piece, index in pieces.items()}

    @staticmethod
    def from_folder(folder: Path) -> WordTokenizer:
        """The tokenizer of a model folder, with the limit of its `tokenizer_config.json`.

        Raises:
            BundleError: a tokenizer file is missing or damaged.
            EncoderError: the tokenizer is not WordPiece.
        """
        layout = BundleLayout(folder)
        try:
            document = json.loads(layout.tokenizer.read_text("utf-8"))
            config = json.loads(layout.tokenizer_config.read_text("utf-8"))
            specials = json.loads(layout.special_tokens.read_text("utf-8"))
            kind = document["model"]["type"]
            limits = [config.get(name) for name in ("model_max_length", "max_length")]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BundleError(f"{folder}: tokenizer files cannot be read ({error}); copy the folder again") from error
        if kind != "WordPiece" or document["model"].get("continuing_subword_prefix", PREFIX) != PREFIX:
            raise EncoderError(
                f"{folder}: its tokenizer is {kind}; miniCOIL needs WordPiece ('##'); choose a BERT-like encoder"
            )
        usable = [limit for limit in limits if type(limit) is int and 0 < limit < 1_000_000]
        if not usable:
            raise BundleError(f"{layout.tokenizer_config}: model_max_length is {limits[0]}, a real limit is needed")
        tokenizer = Tokenizer.from_file(str(layout.tokenizer))
        for token in specials.values():
            tokenizer.add_special_tokens([AddedToken(**token) if isinstance(token, dict) else token])
        return WordTokenizer(tokenizer, min(usable))

    def tokenize(self, texts: Sequence[str]) -> list[TokenizedText]:
        """Every text as pieces and words, in order."""
        return [self._join(encoding) for encoding in self._tokenizer.encode_batch(list(texts))]

    def words(self, text: str) -> tuple[str, ...]:
        """The words of one text, specials included."""
        return self.tokenize([text])[0].tokens

    def _join(self, encoding: object) -> TokenizedText:
        ids: list[int] = encoding.ids  # type: ignore[attr-defined]
        tokens: list[str] = []
        positions = np.empty(len(ids), dtype=np.int32)
        word = ""
        start = 0
        for place, index in enumerate(ids):
            piece = self._pieces[index]
            if piece.startswith(PREFIX):
                word += piece[len(PREFIX) :]
                continue
            if word:
                positions[start:place] = len(tokens)
                tokens.append(word)
                start = place
            word = piece
        if word:
            positions[start:] = len(tokens)
            tokens.append(word)
        truncated = bool(encoding.overflowing)  # type: ignore[attr-defined]
        return TokenizedText(np.asarray(ids, dtype=np.int64), tuple(tokens), positions, truncated)
