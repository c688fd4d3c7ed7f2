import shutil

import pytest

from minicoil.encoder.export import pools_by_mean
from minicoil.errors import EncoderError
from tasks.models.encoders import find_encoder


def test_the_packaged_encoder_is_there_and_pools_by_mean(encoder_folder):
    assert find_encoder("minilm") == encoder_folder
    assert pools_by_mean(encoder_folder)


def test_a_local_folder_is_taken_as_it_is_and_named_where_a_file_is_missing(encoder_folder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(encoder_folder, folder)
    assert find_encoder(str(folder)) == folder
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match=r"tokenizer.json not found"):
        find_encoder(str(folder))


@pytest.mark.parametrize("name", ["nobody/nothing-of-this-name", "./nowhere", "justaword"])
def test_what_cannot_be_had_is_one_clear_error(name):
    with pytest.raises(EncoderError, match=f"encoder '{name}'"):
        find_encoder(name)
