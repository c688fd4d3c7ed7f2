"""Names of the files in a model folder; they are what FastEmbed's miniCOIL loads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BundleLayout:
    """Paths of one model folder.

    Source: FastEmbed 0.9.1 `fastembed/sparse/minicoil.py` for those of `required`; the rest is ours.
    """

    folder: Path

    @property
    def encoder(self) -> Path:
        """ONNX encoder; output 0 is (batch, sequence, D) float32 token embeddings."""
        return self.folder / "onnx" / "model.onnx"

    @property
    def tokenizer(self) -> Path:
        """WordPiece tokenizer, neither padding nor truncating."""
        return self.folder / "tokenizer.json"

    @property
    def tokenizer_config(self) -> Path:
        """Has the encoder's real length limit, `model_max_length`."""
        return self.folder / "tokenizer_config.json"

    @property
    def config(self) -> Path:
        """The encoder's own configuration."""
        return self.folder / "config.json"

    @property
    def special_tokens(self) -> Path:
        """Which tokens are no words: [CLS], [SEP], ..."""
        return self.folder / "special_tokens_map.json"

    @property
    def stopwords(self) -> Path:
        """One word a line; FastEmbed works without it, and then differently."""
        return self.folder / "stopwords.txt"

    @property
    def stack(self) -> Path:
        """(rows, D, d) float32 layers, row = word id, row 0 unused."""
        return self.folder / "minicoil.triplet.model.npy"

    @property
    def vocabulary(self) -> Path:
        """JSON: `vocab`, the words by id, and `stem_mapping`, other tokens to them."""
        return self.folder / "minicoil.triplet.model.vocab"

    @property
    def fused(self) -> Path:
        """ONNX graph of encoder and word layers in one; its weights lie in `encoder` and `stack`.

        At the folder's top, because ONNX allows external data only beside or below the file that refers to it.
        """
        return self.folder / "minicoil.onnx"

    @property
    def head(self) -> Path:
        """ONNX graph of the word layers alone, fed with token embeddings."""
        return self.folder / "minicoil_head.onnx"

    @property
    def rows(self) -> Path:
        """The encoder's graph with an end that computes only the tokens asked for; its weights lie in `encoder`."""
        return self.folder / "minicoil_rows.onnx"

    @property
    def importance(self) -> Path:
        """Ours, in releases that have one: the vector that says how much a word matters in its document."""
        return self.folder / "minicoil_importance.json"

    @property
    def facts(self) -> Path:
        """Ours: dims, and name and digest of the encoder."""
        return self.folder / "minicoil.json"

    @property
    def card(self) -> Path:
        """What people read on the hub, with licence and origin."""
        return self.folder / "README.md"

    def carried(self) -> list[Path]:
        """Files that a child has from its parent as they are: all but the stack, the vocabulary, graphs and card."""
        own = {self.stack, self.vocabulary, self.fused, self.head, self.rows, self.card}
        named = {path for path in (*self.required(), self.facts, self.importance) if path.is_file()}
        beside = {path for name in ("onnx", "ledger") for path in (self.folder / name).rglob("*") if path.is_file()}
        legal = {path for pattern in ("LICENSE*", "NOTICE*") for path in self.folder.glob(pattern) if path.is_file()}
        return sorted((named | beside | legal) - own)

    def required(self) -> tuple[Path, ...]:
        """Files without which the folder is not a model."""
        return (
            self.encoder,
            self.tokenizer,
            self.tokenizer_config,
            self.config,
            self.special_tokens,
            self.stopwords,
            self.stack,
            self.vocabulary,
        )
