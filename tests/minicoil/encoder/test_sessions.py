"""Graphs that cannot be opened or computed are named with the way out; faults that are not theirs are left alone."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from minicoil.encoder.sessions import run_session
from minicoil.encoder.token_encoder import TokenEncoder
from minicoil.errors import BundleError, EncoderError
from minicoil.sparse.model import MiniCoil

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
States = ort.capi.onnxruntime_pybind11_state


class Failing:
    """A session whose graph cannot be computed."""

    def __init__(self, error):
        self.error = error

    def run(self, outputs, feed):
        raise self.error


def test_without_a_provider_the_error_says_so(bundle, monkeypatch):
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["TpuExecutionProvider"])
    with pytest.raises(EncoderError, match=r"offers the providers TpuExecutionProvider; .* is needed"):
        list(MiniCoil.load(bundle).embed("pods"))


@pytest.mark.parametrize("error", [States.InvalidArgument("out of data bounds"), States.Fail("out of data bounds")])
def test_a_graph_that_loads_and_fails_on_a_text_is_named_with_the_way_out(error):
    with pytest.raises(BundleError, match=r"model\.onnx cannot encode a text: .*out of data bounds; pull the release"):
        run_session(Failing(error), Path("model.onnx"), {"input_ids": np.ones((1, 1), dtype=np.int64)})


@pytest.mark.parametrize(
    "error", [KeyError("ours"), MemoryError(), States.RuntimeException("Failed to allocate memory")]
)
def test_what_is_no_fault_of_the_graph_stays_what_it_is(error):
    with pytest.raises(type(error)):
        run_session(Failing(error), Path("model.onnx"), {})


@pytest.mark.parametrize("rows", [True, False])
def test_of_an_encoders_two_graphs_the_one_that_failed_is_named(bundle, monkeypatch, rows):
    model = MiniCoil.load(bundle, threads=1)
    layout = model.layout
    encoder = TokenEncoder(layout.encoder, threads=1, rows_path=layout.rows if rows else None)
    monkeypatch.setattr(encoder, "_rows" if rows else "_whole", Failing(States.Fail("damaged")))
    texts = model.tokenizer.tokenize(["pods and nodes"])
    failing = layout.rows if rows else layout.encoder
    with pytest.raises(BundleError, match=f"{failing.name} cannot encode"):
        list(encoder.encode_pieces(texts, [np.asarray([1])]) if rows else encoder.encode(texts))
