"""The models an evaluation compares: a release, and what it grew from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from minicoil.errors import BundleError, ReleaseError
from minicoil.files import BundleLayout
from minicoil.importance import find_importance
from minicoil.sparse import MiniCoil
from minicoil.text import read_language
from tasks.catalogue import open_release, read_channel, read_manifest, role_model_of
from tasks.embeddings import remembering
from tasks.models import PACKAGED, is_ancestor
from tasks.place import Place


@dataclass(frozen=True)
class Contenders:
    """Folders of a release and its parent.

    Attributes:
        name: As reports call it: "release 3", or a folder's name.
        release: Its number; None for a folder.
        parent: Folder of the parent; None where it grew from the empty vocabulary, which is plain BM25.
        parent_name: As reports call that one.
        is_ancestor: True where the release's stack holds the parent's rows, so that one pass encodes for both.
        role_model: Whose distances its words were trained on.
        cache: Folder of things that can be made again, encoded texts among them; None keeps nothing.
        weighs: Whether the release is also measured with the importance that it carries.
    """

    folder: Path
    name: str
    release: int | None
    parent: Path | None
    parent_name: str
    is_ancestor: bool = True
    role_model: str = "minilm"
    cache: Path | None = None
    weighs: bool = False

    @property
    def language(self) -> str:
        """ISO 639 code of the release's texts."""
        return read_language(BundleLayout(self.folder).facts).code

    def open_weighing(self) -> MiniCoil | None:
        """The release with its importance, where that is to be measured and there is one."""
        found = find_importance(self.folder) if self.weighs else None
        return None if found is None else self._open(self.folder, found.digest)

    def open(self) -> tuple[MiniCoil, MiniCoil | None]:
        """Release and parent; what k, b and avg_len their vectors are made with is the evaluation's."""
        return self._open(self.folder), None if self.parent is None else self._open(self.parent)

    def _open(self, folder: Path, importance: str = "") -> MiniCoil:
        model = MiniCoil.load(folder, importance=importance)
        return model if self.cache is None else remembering(model, self.cache)


def find_contenders(
    place: Place, channel: str, release: int | None = None, model: str | None = None, parent: str | None = None
) -> Contenders:
    """What to evaluate.

    Args:
        place: Where releases are.
        channel: Its current release, where neither `release` nor `model` says otherwise.
        release: A release's number.
        model: A folder that FastEmbed loads, published or not.
        parent: Number or folder to compare with; None takes the release's own parent.

    Raises:
        ReleaseError: there is no such release, or the channel serves none.
        BundleError: a folder is no model.
    """
    store = place.objects()
    if model is not None:
        folder = _folder(model)
        other, name = (None, "the empty vocabulary") if parent is None else _named(place, parent)
        related = _grew_from(folder, other)
        return Contenders(folder, folder.absolute().name, None, other, name, related, cache=place.cache, weighs=True)
    if release is None:
        release = read_channel(store, channel).current
        if release is None:
            raise ReleaseError(
                f"channel '{channel}' serves no release to evaluate; `minicoil extend --common 1000 --corpus SPEC` "
                "makes one, or give --release or --model"
            )
    manifest = read_manifest(store, release)
    folder = open_release(store, release, place.cache)
    role_model = role_model_of(store, release) or PACKAGED
    chosen = parent if parent is not None else (None if manifest.parent is None else str(manifest.parent))
    if chosen is None:
        empty = "the empty vocabulary"
        return Contenders(folder, f"release {release}", release, None, empty, True, role_model, place.cache, True)
    other, name = _named(place, chosen)
    related = chosen.isdecimal() and is_ancestor(place, int(chosen), release)
    return Contenders(folder, f"release {release}", release, other, name, related, role_model, place.cache, True)


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise BundleError(f"model '{name}': no such folder; give a folder that FastEmbed loads")
    return folder


def _named(place: Place, name: str) -> tuple[Path, str]:
    if name.isdecimal():
        return open_release(place.objects(), int(name), place.cache), f"release {name}"
    return _folder(name), Path(name).expanduser().absolute().name


def _grew_from(folder: Path, parent: Path | None) -> bool:
    """Whether the folder's stack begins with the parent's, by size and by the bytes of the last row."""
    if parent is None:
        return True
    from minicoil.folder import check_bundle

    (new, vocabulary), (old, older) = check_bundle(folder), check_bundle(parent)
    same_shape = new.shape[1:] == old.shape[1:] and len(new) >= len(old)
    same_cells = vocabulary.unknown_shift == older.unknown_shift
    same_encoder = BundleLayout(folder).encoder.stat().st_size == BundleLayout(parent).encoder.stat().st_size
    return bool(same_shape and same_cells and same_encoder and new[: len(old)].tobytes() == old.tobytes())
