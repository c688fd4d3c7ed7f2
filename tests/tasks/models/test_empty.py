"""The empty model of an encoder is made once a home, and anew where it is half-made; encoders are never mixed up."""

import shutil

import pytest
from plain_encoder import make_plain_encoder

from minicoil.errors import EncoderError, UsageError
from minicoil.folder.bundle import check_bundle, read_facts
from minicoil.text.languages import open_language
from tasks.models import empty
from tasks.models.empty import open_empty
from tasks.place import Place


@pytest.fixture(scope="module")
def encoder(encoder_folder, tmp_path_factory):
    return make_plain_encoder(encoder_folder, tmp_path_factory.mktemp("plain") / "encoder")


@pytest.fixture
def place(tmp_path):
    return Place.at(tmp_path / "home")


@pytest.fixture
def made(monkeypatch):
    """Folders that were made, in order."""
    folders, make = [], empty.create_empty_bundle

    def counted(source, folder, *arguments):
        folders.append(folder)
        make(source, folder, *arguments)

    monkeypatch.setattr(empty, "create_empty_bundle", counted)
    return folders


def test_it_is_made_once_and_knows_no_word(place, encoder, made):
    folder = open_empty(place, str(encoder), 4)
    assert open_empty(place, str(encoder), 4) == folder and made == [folder]
    assert folder.is_relative_to(place.cache)
    assert not check_bundle(folder)[1].known_words
    assert (read_facts(folder).encoder, read_facts(folder).dims) == (str(encoder), 4)


def test_another_number_of_cells_and_another_language_are_other_models(place, encoder):
    name = str(encoder)
    folders = [open_empty(place, name, 4), open_empty(place, name, 8), open_empty(place, name, 4, "de")]
    assert len(set(folders)) == 3 and read_facts(folders[1]).dims == 8
    assert check_bundle(folders[2])[1].language is open_language("de")


def test_one_that_is_half_made_is_made_anew(place, encoder, made):
    folder = open_empty(place, str(encoder), 4)
    next(folder.glob("*.npy")).unlink()
    assert open_empty(place, str(encoder), 4) == folder and len(made) == 2
    check_bundle(folder)


def test_encoders_whose_names_end_alike_have_models_of_their_own(place, encoder, tmp_path):
    long = "x" * 70
    folders = []
    for parent in ("one", "two"):
        shutil.copytree(encoder, tmp_path / parent / long)
        folders.append(open_empty(place, str(tmp_path / parent / long), 4))
    assert folders[0] != folders[1]
    assert [read_facts(folder).encoder.split("/")[-2] for folder in folders] == ["one", "two"]


def test_an_encoder_or_language_that_is_not_there_leaves_nothing(place, encoder, tmp_path):
    with pytest.raises(EncoderError, match="no such folder; give minilm, a folder, or a Hugging Face id"):
        open_empty(place, str(tmp_path / "absent"), 4)
    with pytest.raises(UsageError, match="language 'xx' is not known here"):
        open_empty(place, str(encoder), 4, "xx")
    assert not list(place.cache.glob("empty-*"))
