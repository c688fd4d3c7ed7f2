"""The models that a collection's points were, are or will be encoded with, by release."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from minicoil.config import Bm25Config
from minicoil.folder import check_bundle
from minicoil.sparse import MiniCoil
from minicoil.words import Vocabulary
from tasks.catalogue import CollectionRecord
from tasks.models.bundles import open_model
from tasks.place import Place


@dataclass(frozen=True)
class CollectionModels:
    """A collection's models by the number of their release; 0 is the empty one. Vocabularies are read once each.

    Attributes:
        place: Has the releases.
        encoder, dims, language: Of the empty model.
        bm25: k, b and avg_len of the collection.
        threads: Of the encoder; None: all cores.
    """

    place: Place
    encoder: str
    dims: int
    bm25: Bm25Config = field(default_factory=Bm25Config)
    threads: int | None = None
    language: str = "en"
    _vocabularies: dict[int, Vocabulary] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def of(place: Place, record: CollectionRecord) -> CollectionModels:
        """Of a registered collection."""
        return CollectionModels(place, record.encoder, record.dims, record.bm25, language=record.language)

    def folder(self, release: int) -> Path:
        """The model's files, on this machine.

        Raises:
            ReleaseError: there is no such release any more, or it is damaged.
        """
        return open_model(self.place, release, self.encoder, self.dims, self.language)

    def model(self, release: int) -> MiniCoil:
        """The model, with the collection's k, b and avg_len.

        Raises:
            ReleaseError: as for `folder`.
            BundleError: its files contradict each other.
        """
        return MiniCoil(self.folder(release), self.bm25, self.threads)

    def vocabulary(self, release: int) -> Vocabulary:
        """Which words the model knows, and their cells; raises as `model`."""
        known = self._vocabularies.get(release)
        if known is None:
            known = self._vocabularies[release] = check_bundle(self.folder(release))[1]
        return known
