"""A manifest says what a release is, and one that was touched is refused."""

import json

import pytest

from minicoil.errors import (
    ReleaseError,
)
from tasks.catalogue.manifest import read_manifest, release_key
from tasks.catalogue.releases import (
    publish_release,
)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["facts"].update(dims=8), "changed after publishing"),
        (lambda d: d["files"].update({"../x": d["files"]["words.json"]}), "leads outside"),
        (lambda d: d.pop("files"), "files"),
    ],
)
def test_a_manifest_edited_by_hand_is_refused(store, folder, change, message):
    publish_release(store, folder, None, {"dims": 4})
    document = json.loads(store.read(release_key(1, "manifest.json")))
    change(document)
    store.write(release_key(1, "manifest.json"), json.dumps(document).encode())
    with pytest.raises(ReleaseError, match=message):
        read_manifest(store, 1)
