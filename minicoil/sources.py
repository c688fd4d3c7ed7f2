"""Digest of source code: what was made by other code counts as made from other inputs."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

# what a layer and its figures depend on besides the settings; after a change in one of them words are trained again
DECIDING = (
    "minicoil.content_words",
    "minicoil.encoder",
    "minicoil.fitting",
    "minicoil.folding",
    "minicoil.occurrences",
    "minicoil.ordering",
    "minicoil.prior",
    "minicoil.sentences",
    "minicoil.snippets",
    "minicoil.stemming",
    "minicoil.tokens",
    "minicoil.torch_encoder",
    "minicoil.trainer",
    "minicoil.triplets",
    "minicoil.validation",
)


@cache
def source_digest(modules: tuple[str, ...] = DECIDING) -> str:
    """Hex sha256 of the modules' files, computed once a process.

    A version number would miss what was changed since the last release, and would retrain everything after a release
    that changed none of these.

    Args:
        modules: Full names; their order does not matter.

    Raises:
        ModuleNotFoundError: one of them does not exist.
    """
    digest = hashlib.sha256()
    for name in sorted(modules):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"module {name} was not found; its source decides trained layers", name=name)
        content = hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()
        digest.update(f"{name}:{content}\n".encode())
    return digest.hexdigest()
