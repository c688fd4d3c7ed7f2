"""Which embeddings are of one kind: whatever decides a number of them, but the text itself."""

from __future__ import annotations

import hashlib
from pathlib import Path

import onnxruntime as ort

from minicoil.encoder import TokenEncoder
from minicoil.files import BundleLayout, write_json
from minicoil.folder import file_digest
from minicoil.text import read_language

_VERSION = 1  # of what is remembered of a text
_METADATA = 14  # field of an ONNX file that says what it was made for, by whom


def kind_of(layout: BundleLayout, encoder: TokenEncoder) -> bytes:
    """32 bytes of everything that decides a float32 embedding: files, graph, program and device; all but the text.

    Releases of one lineage share it: their layers take no part.
    """
    graph = graph_digest(layout.rows) if encoder.computes_rows else ""
    facts = [_VERSION, file_digest(layout.encoder), graph, file_digest(layout.tokenizer), ort.__version__]
    language = read_language(layout.facts)
    facts += [] if language.is_english else [language.code]  # whose content words are kept
    specials = layout.special_tokens.read_text("utf-8")
    document = write_json([*facts, specials, encoder.on_gpu], ascii_only=True)
    return hashlib.sha256(document.encode()).digest()


def graph_digest(path: Path) -> str:
    """Hex sha256 of an ONNX file whose weights lie elsewhere, without what it says of its own release.

    Source: protobuf's wire format; fields of `ModelProto` in onnx.proto.
    """
    data, digest, place = path.read_bytes(), hashlib.sha256(), 0
    while place < len(data):
        start = place
        tag, place = _read_varint(data, place)
        if tag & 7 == 2:
            size, place = _read_varint(data, place)
            place += size
        elif tag & 7 == 0:
            _, place = _read_varint(data, place)
        else:  # of fixed size; a model has none
            place += 8 if tag & 7 == 1 else 4
        if tag >> 3 != _METADATA:
            digest.update(data[start:place])
    return digest.hexdigest()


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data):
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
    return value, place
