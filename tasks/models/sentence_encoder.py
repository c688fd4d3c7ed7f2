"""What encodes training sentences: each once, for all of its words, in this run and the next."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from minicoil.encoder import (
    TRAINING,
    ContentWords,
    TokenEncoder,
    encoding_for,
    pool_content,
    pool_sentences,
    pools_by_mean,
)
from minicoil.errors import EncoderError
from minicoil.files import BundleLayout, write_json
from minicoil.text import WordTokenizer
from tasks.embeddings import MAX_BYTES, SentenceCache
from tasks.models.bundles import Parent
from tasks.models.encoders import RoleModel, find_encoder
from tasks.settings import Settings

logger = logging.getLogger(__name__)
_FEATURES_VERSION = 1  # of what the cache holds


@dataclass(frozen=True)
class Encoders:
    """What turns text into training features; without `role_model`, one forward pass gives both vectors.

    Attributes:
        cache: Folder of sentences encoded by earlier runs; None keeps none.
        digest: Of what decides an embedding.
        cache_bytes: Most that stays in `cache`.
    """

    tokenizer: WordTokenizer
    encoder: TokenEncoder
    role_model: RoleModel | None = None
    cache: Path | None = None
    digest: str = ""
    cache_bytes: int = MAX_BYTES

    @property
    def role_width(self) -> int:
        """R, of the sentence vectors."""
        return self.encoder.width if self.role_model is None else self.role_model.width


def open_encoders(parent: Parent, encoder: str, role_model: str, cache: Path | None = None) -> Encoders:
    """What encodes training sentences for a model grown from `parent`.

    Features may come in bfloat16 where the machine is faster in it; released vectors always come from ONNX.

    Args:
        parent: Whose encoder.
        encoder, role_model: Names asked for.
        cache: Folder of sentences encoded by earlier runs.

    Raises:
        EncoderError: the role model cannot be loaded, or the encoder is not the parent's.
    """
    from minicoil.encoder import TorchTokenEncoder, computes_bfloat16, has_weights

    if parent.release is not None and parent.facts.encoder != encoder and encoder != "minilm":
        raise EncoderError(
            f"the channel's model was made with encoder '{parent.facts.encoder}', not '{encoder}', which cannot "
            "be changed: start another --channel"
        )
    tokenizer = WordTokenizer.from_folder(parent.folder)
    name = parent.facts.encoder
    same = role_model == name
    source = find_encoder(name) if same or Path(name).is_dir() or name == "minilm" else None
    if source is not None and has_weights(source) and computes_bfloat16():
        tokens: TokenEncoder = TorchTokenEncoder(source)
    else:
        tokens = TokenEncoder(BundleLayout(parent.folder).encoder)
    one_pass = same and source is not None and pools_by_mean(source)
    facts = [_FEATURES_VERSION, parent.facts.encoder_digest, name, role_model, type(tokens).__name__, one_pass]
    facts += [] if tokenizer.language.is_english else [tokenizer.language.code]  # whose content words are kept
    digest = hashlib.sha256(write_json(facts, ascii_only=True).encode()).hexdigest()
    limit = Settings().sentence_cache_bytes
    role = None if one_pass else RoleModel(role_model)
    return Encoders(tokenizer, tokens, role, cache if limit > 0 else None, digest, limit)


class SentenceEncoder:
    """Encodes texts that no earlier run encoded, and remembers them; leaving the `with` block keeps the last of them.

    Args:
        encoders: Encoder, role model and cache.
        with_role: Whether role-model vectors are wanted; snippets need none.
    """

    def __init__(self, encoders: Encoders, with_role: bool) -> None:
        self._encoders, self._with_role = encoders, with_role
        self._cache: SentenceCache | None = None
        if encoders.cache is not None:
            digest = hashlib.sha256(f"{encoders.digest} {with_role}".encode()).hexdigest()
            self._cache = SentenceCache(encoders.cache, digest, encoders.cache_bytes)
        self.n_encoded = self.n_reused = 0

    def encode(self, texts: Mapping[int, str], advance: Callable[[int], None]) -> dict[int, ContentWords]:
        """The content words of texts by key; `advance` is told of texts done."""
        answer = self._cache.find(list(texts)) if self._cache else {}
        self.n_reused += len(answer)
        advance(len(answer))
        fresh = self._encode_fresh({key: text for key, text in texts.items() if key not in answer}, advance)
        self.n_encoded += len(fresh)
        if self._cache is not None:
            self._cache.add(fresh)
        return answer | fresh

    def _encode_fresh(self, texts: Mapping[int, str], advance: Callable[[int], None]) -> dict[int, ContentWords]:
        if not texts:
            return {}
        keys, documents = list(texts), list(texts.values())
        tokenized = self._encoders.tokenizer.tokenize(documents)
        role_model = self._encoders.role_model
        role = role_model.encode(documents) if self._with_role and role_model is not None else None
        answer: dict[int, ContentWords] = {}
        with encoding_for(TRAINING):
            for batch in self._encoders.encoder.encode(tokenized):
                if role is not None:
                    vectors = role[batch.places]
                elif self._with_role:
                    vectors = pool_sentences(batch)  # encoder and role model are one: so is the forward pass
                else:
                    vectors = np.zeros((len(batch.places), 0), dtype=np.float32)
                words = pool_content(batch, [tokenized[place] for place in batch.places], vectors)
                answer.update(zip([keys[place] for place in batch.places], words, strict=True))
                advance(len(words))
        return answer

    def __enter__(self) -> SentenceEncoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if self._cache is not None:
            self._cache.flush()  # after a failure too: what is encoded is right
        logger.info("%d texts encoded, %d known from earlier runs", self.n_encoded, self.n_reused)
