"""The empty model of an encoder, which everything starts from."""

from __future__ import annotations

import hashlib
from pathlib import Path

from minicoil.errors import BundleError
from minicoil.folder import check_bundle, create_empty_bundle
from minicoil.text import open_language
from tasks.models.encoders import find_encoder
from tasks.place import Place
from tasks.progress import progress


def open_empty(place: Place, encoder: str, dims: int, language: str = "en") -> Path:
    """Folder of the empty model of an encoder for texts of a language, made once per home."""
    source = find_encoder(encoder)
    name = "".join(c if c.isalnum() else "-" for c in encoder)[-60:]
    if name != encoder:  # which another encoder's may be as well
        name += f"-{hashlib.sha256(encoder.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    own = "" if language == "en" else f"-{language}"
    folder = place.cache / f"empty-{name}-{dims}{own}"
    try:
        check_bundle(folder)
    except BundleError:  # not made yet, or half-made
        with progress("exporting the encoder", 1, "model") as advance:
            folder.parent.mkdir(parents=True, exist_ok=True)
            create_empty_bundle(source, folder, dims, encoder, open_language(language))
            advance(1)
    return folder
