"""ONNX Runtime's sessions: how a graph is opened and run, and what a damaged one says."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from minicoil.errors import BundleError, EncoderError

logger = logging.getLogger(__name__)
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
ROWS = "minicoil_rows"  # input of the graph of rows: (N,) int64 places in the flattened (B * S) tokens
ENCODER_SAMPLE = "encoder_sample"  # its property that says of which encoder it is
_INEXACT = ("SkipLayerNormFusion",)  # adds in another order; found only where shapes are known, as behind a Gather


def open_session(onnx_path: Path, leave_out: Sequence[str] = ()) -> ort.InferenceSession:
    """A session on CUDA where it works, else on the CPU, one core a forward pass.

    Args:
        onnx_path: The graph.
        leave_out: Names of ONNX Runtime's optimisations that are not for it.

    Raises:
        EncoderError: ONNX Runtime has neither provider.
        BundleError: it cannot load the graph.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    available = ort.get_available_providers()
    providers = [name for name in (CUDA, CPU) if name in available]
    if not providers:
        raise EncoderError(
            f"ONNX Runtime offers the providers {', '.join(available) or 'none'}; {CUDA} or {CPU} is needed; "
            "install onnxruntime anew"
        )
    try:
        session = ort.InferenceSession(
            str(onnx_path), options, providers=providers, disabled_optimizers=list(leave_out) or None
        )
    except Exception as error:  # onnxruntime raises a dozen unrelated classes; all mean the same here
        raise BundleError(f"{onnx_path} cannot be loaded by ONNX Runtime: {error}; pull the release again") from error
    if CUDA in providers and CUDA not in session.get_providers():
        logger.warning("ONNX Runtime has CUDA but could not start it; the encoder runs on the CPU")
    return session


def run_session(session: ort.InferenceSession, onnx_path: Path, feed: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Output 0 of a graph.

    Args:
        session: Opened by `open_session`.
        onnx_path: The graph that it was opened of.
        feed: Its inputs.

    Raises:
        BundleError: the graph, which could be loaded, cannot be computed, as one of which a part was overwritten.
    """
    try:
        return np.asarray(session.run(None, dict(feed))[0])
    except Exception as error:  # its classes have no base of their own; other people's errors and want of memory stay
        if not type(error).__module__.startswith("onnxruntime.") or "allocate" in str(error):
            raise
        raise BundleError(f"{onnx_path} cannot encode a text: {error}; pull the release again") from error


def describe_graph(session: ort.InferenceSession, onnx_path: Path) -> tuple[set[str], str, object]:
    """Names of inputs, of output 0, and the width that it promises."""
    try:
        inputs, output = {entry.name for entry in session.get_inputs()}, session.get_outputs()[0]
        width = output.shape[-1]
        name = str(output.name)
    except (UnicodeDecodeError, IndexError) as error:  # names that are no text; no output; one that is a single number
        raise BundleError(f"{onnx_path} is no encoder of tokens ({error}); pull the release again") from error
    if "input_ids" not in inputs or inputs - {"input_ids", "attention_mask", "token_type_ids", ROWS}:
        raise BundleError(
            f"{onnx_path} takes {', '.join(sorted(inputs)) or 'nothing'}; an encoder of tokens takes input_ids and at "
            "most attention_mask and token_type_ids; get the model anew"
        )
    return inputs, name, width


def open_rows(path: Path, onnx_path: Path) -> ort.InferenceSession | None:
    """A session of the graph that computes only the tokens asked for, where there is one of this very encoder."""
    if not path.exists():
        return None
    try:
        session = open_session(path, _INEXACT)
        if session.get_modelmeta().custom_metadata_map.get(ENCODER_SAMPLE) == sampled_digest(onnx_path):
            return session
        logger.warning("%s was made of another encoder than %s; done without", path, onnx_path)
    except (BundleError, OSError, RuntimeError, UnicodeDecodeError) as error:
        logger.warning("%s cannot be used (%s); done without", path, error)
    return None


def sampled_digest(path: Path) -> str:
    """Hex digest of a file's size and of 64 kB spread over it: an encoder that was exchanged is noticed."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for number in range(64):
            file.seek(number * max(size - 1024, 0) // 63)
            digest.update(file.read(1024))
    return digest.hexdigest()
