"""An encoder folder that cannot be exported is refused with what was expected and what to do."""

import pytest

from minicoil.encoder.export import export_encoder
from minicoil.errors import EncoderError
from minicoil.files import BundleLayout


def test_a_folder_without_weights_says_what_is_expected_and_what_to_do(tmp_path):
    (tmp_path / "encoder").mkdir()
    with pytest.raises(EncoderError, match=r"config\.json and weights in model\.safetensors.*give another --encoder"):
        export_encoder(tmp_path / "encoder", BundleLayout(tmp_path / "bundle"))
