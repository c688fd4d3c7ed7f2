"""A hub in this process, two releases to push to it, and a home that serves the second."""

import numpy as np
import pytest
from hub_double import TOKEN, HubDouble
from plain_encoder import make_plain_encoder

from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.releases import publish_release
from tasks.place import Place


@pytest.fixture(scope="module")
def folders(encoder_folder, tmp_path_factory):
    """An empty model, and one that knows two words."""
    made = tmp_path_factory.mktemp("models")
    create_empty_bundle(make_plain_encoder(encoder_folder, made / "encoder"), made / "one")
    vocabulary, ids = Vocabulary.empty().apply({"pod": ["pod", "pods"], "node": ["node"]})
    rng = np.random.default_rng(3)
    derive_bundle(
        made / "one", made / "two", vocabulary, {i: rng.normal(size=(64, 4)).astype(np.float32) for i in ids.values()}
    )
    for name in ("one", "two"):
        (made / name / "README.md").write_text(f"---\nlicense: apache-2.0\n---\n# {name}\n")
    (made / "one" / "only-in-one.txt").write_text("gone in two\n")
    return made


@pytest.fixture
def hub(tmp_path, monkeypatch):
    from huggingface_hub import constants

    with HubDouble() as double:
        monkeypatch.setattr(constants, "ENDPOINT", double.url)
        template = f"{double.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)  # made of HF_ENDPOINT at import
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the other protocol of large files, git's
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield double


@pytest.fixture
def place(folders, tmp_path):
    """A home whose channel serves release 2."""
    place = Place.at(tmp_path / "home")
    for name, parent in (("one", None), ("two", 1)):
        publish_release(place.objects(), folders / name, parent, {"n_words": 2})
    set_pending(place.objects(), "production", 2, None)
    move_current(place.objects(), "production", 2)
    return place
