"""Whole words as the encoder's own WordPiece tokenizer sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer

from minicoil.errors import BundleError, EncoderError
from minicoil.files import BundleLayout, parse_json

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

    @property
    def words(self) -> tuple[str, ...]:
        """The tokens without [CLS] and [SEP]."""
        return self.tokens[1:-1]


class WordTokenizer:
    """WordPiece tokenizer without padding, whose pieces are joined back to words as FastEmbed joins them.

    Source: FastEmbed 0.9.1, `load_tokenizer` and `VocabResolver._reconstruct_bpe`.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self.max_length = max_length
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=max_length)
        pieces = {index: piece for piece, index in tokenizer.get_vocab(with_added_tokens=True).items()}
        size = max(pieces, default=-1) + 1
        self._names = [pieces.get(index, "").removeprefix(PREFIX) for index in range(size)]
        self._continues = np.asarray([pieces.get(index, "").startswith(PREFIX) for index in range(size)], dtype=bool)

    @staticmethod
    def from_folder(folder: Path) -> WordTokenizer:
        """The tokenizer of a model folder, with the limit of its `tokenizer_config.json`.

        Raises:
            BundleError: a tokenizer file is missing or damaged.
            EncoderError: the tokenizer is not WordPiece.
        """
        layout = BundleLayout(folder)
        try:
            document = parse_json(layout.tokenizer.read_text("utf-8"))
            config = parse_json(layout.tokenizer_config.read_text("utf-8"))
            specials = parse_json(layout.special_tokens.read_text("utf-8"))
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
        try:
            tokenizer = Tokenizer.from_file(str(layout.tokenizer))
            for token in specials.values():
                tokenizer.add_special_tokens([AddedToken(**token) if isinstance(token, dict) else token])
            unknown = tokenizer.model.unk_token
            if unknown not in tokenizer.get_vocab(with_added_tokens=False):  # the first text with an unknown would fail
                raise ValueError(f"its unknown token {unknown} is no piece")
            opened = WordTokenizer(tokenizer, min(usable))
            opened.words("")  # specials that its post-processor adds and its vocabulary lacks would fail at every text
            return opened
        except Exception as error:  # of the tokenizers library, which raises nothing narrower
            raise BundleError(f"{folder}: the tokenizer cannot be loaded ({error}); copy the folder again") from error

    @property
    def backend(self) -> Tokenizer:
        """What the tokenizers library makes of the files: normaliser, pre-tokenizer, model."""
        return self._tokenizer

    def tokenize(self, texts: Sequence[str]) -> list[TokenizedText]:
        """Every text as pieces and words, in order."""
        return [self._join(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def fold(self, text: str) -> str:
        """Text as this tokenizer sees it before it cuts: for most, lower case without accents, in every script."""
        normaliser = self._tokenizer.normalizer
        return text.strip() if normaliser is None else str(normaliser.normalize_str(text)).strip()

    def words(self, text: str) -> tuple[str, ...]:
        """The words of one text, specials included."""
        return self.tokenize([text])[0].tokens

    def _join(self, encoding: Any) -> TokenizedText:
        pieces: list[int] = encoding.ids
        ids = np.asarray(pieces, dtype=np.int64)
        begins = ~self._continues[ids]
        begins[:1] = True  # a text that starts with a continuation: FastEmbed makes a word of it all the same
        starts = np.flatnonzero(begins)
        names = self._names
        tokens = [names[pieces[start]] for start in starts.tolist()]
        ends = np.append(starts[1:], len(ids))
        for word in np.flatnonzero(ends - starts > 1).tolist():
            tokens[word] = "".join([names[piece] for piece in pieces[starts[word] : ends[word]]])
        positions = np.cumsum(begins, dtype=np.int32) - np.int32(1)
        return TokenizedText(ids, tuple(tokens), positions, bool(encoding.overflowing))
