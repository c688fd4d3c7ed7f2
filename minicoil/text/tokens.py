"""Whole words as the encoder's own WordPiece tokenizer sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer

from minicoil.errors import BundleError, EncoderError
from minicoil.files import BundleLayout
from minicoil.text.languages import ENGLISH, Language, read_language

PREFIX = "##"
_KEPT = 4  # tokenizers of different encoders, 3 MB each


@dataclass(frozen=True)
class TokenizedText:
    """One text after truncation.

    Attributes:
        ids: (S,) int64 piece ids, specials included.
        tokens: Words with their pieces joined, specials included, in order.
        positions: (S,) int32, for every piece the index of its word in `tokens`.
        truncated: True where the text was longer than the encoder's limit.
        language: Whose words they are.
    """

    ids: NDArray[np.int64]
    tokens: tuple[str, ...]
    positions: NDArray[np.int32]
    truncated: bool
    language: Language = ENGLISH

    @property
    def words(self) -> tuple[str, ...]:
        """The tokens without [CLS] and [SEP]."""
        return self.tokens[1:-1]


class WordTokenizer:
    """WordPiece tokenizer without padding, whose pieces are joined back to words as FastEmbed joins them.

    Attributes:
        max_length: Pieces of a text at most.
        language: Of the texts.

    Source: FastEmbed 0.9.1, `load_tokenizer` and `VocabResolver._reconstruct_bpe`.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int, language: Language = ENGLISH) -> None:
        self.max_length, self.language = max_length, language
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=max_length)
        pieces = tokenizer.get_vocab(with_added_tokens=True)
        names = [""] * (max(pieces.values(), default=-1) + 1)
        for piece, index in pieces.items():
            names[index] = piece
        self._names = [name.removeprefix(PREFIX) for name in names]
        self._continues = np.asarray([name.startswith(PREFIX) for name in names], dtype=bool)

    @staticmethod
    def from_folder(folder: Path) -> WordTokenizer:
        """The tokenizer of a model folder, with the limit of its `tokenizer_config.json` and the folder's language.

        Raises:
            BundleError: a tokenizer file is missing or damaged.
            EncoderError: the tokenizer is not WordPiece.
        """
        layout = BundleLayout(folder)
        try:
            files = [path.read_bytes() for path in (layout.tokenizer, layout.tokenizer_config, layout.special_tokens)]
            return _open(*files, read_language(layout.facts))
        except OSError as error:
            raise BundleError(f"{folder}: tokenizer files cannot be read ({error}); copy the folder again") from error
        except (BundleError, EncoderError) as error:
            raise type(error)(f"{folder}: {error}") from error

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
        return TokenizedText(ids, tuple(tokens), positions, bool(encoding.overflowing), self.language)


@lru_cache(maxsize=_KEPT)
def _open(tokenizer_file: bytes, config_file: bytes, specials_file: bytes, language: Language) -> WordTokenizer:
    """The tokenizer of three files; kept, because all releases of a lineage have the same and reading it is slow."""
    try:
        document, config, specials = map(orjson.loads, (tokenizer_file, config_file, specials_file))
        kind = document["model"]["type"]
        limits = [config.get(name) for name in ("model_max_length", "max_length")]
        tokens = list(specials.values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"tokenizer files cannot be read ({error}); copy the folder again") from error
    if kind != "WordPiece" or document["model"].get("continuing_subword_prefix", PREFIX) != PREFIX:
        raise EncoderError(f"its tokenizer is {kind}; miniCOIL needs WordPiece ('##'); choose a BERT-like encoder")
    usable = [limit for limit in limits if type(limit) is int and 0 < limit < 1_000_000]
    if not usable:
        raise BundleError(
            f"model_max_length in its tokenizer_config.json is {limits[0]}, a real limit is needed; get the model anew"
        )
    try:
        tokenizer = Tokenizer.from_buffer(tokenizer_file)
        for token in tokens:
            tokenizer.add_special_tokens([AddedToken(**token) if isinstance(token, dict) else token])
        unknown = tokenizer.model.unk_token
        if tokenizer.model.token_to_id(unknown) is None:  # the first text with an unknown would fail
            raise ValueError(f"its unknown token {unknown} is no piece")
        opened = WordTokenizer(tokenizer, min(usable), language)
        opened.words("")  # specials that its post-processor adds and its vocabulary lacks would fail at every text
        return opened
    except Exception as error:  # of the tokenizers library, which raises nothing narrower
        raise BundleError(f"the tokenizer cannot be loaded ({error}); copy the folder again") from error
