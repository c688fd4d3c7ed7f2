"""ONNX Runtime's sessions: how a graph is opened and run, and what a damaged one says."""

from __future__ import annotations

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
