"""A collection's shape changed where it stands on a Qdrant server, and what its names mean there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from qdrant_client import QdrantClient, models

from minicoil.errors import CollectionError
from tasks.points import CollectionShape, PointId
from tasks.qdrant.server_bounds import Bounds, batches
from tasks.qdrant.server_calls import call_patiently
from tasks.qdrant.server_copying import copy_indexes, create_options, find_uncopyable, find_unlike, set_reading
from tasks.qdrant.server_features import ServerFeatures
from tasks.qdrant.server_optimising import await_rest

_NODES_SECONDS = 30.0  # a new vector is agreed on by all nodes of a cluster before it can be written to
_POLL_SECONDS = 0.1


class InPlaceChanges:
    """The methods of `InPlace` of the class that has the others."""

    _client: QdrantClient
    _infos: dict[str, models.CollectionInfo]

    @property
    def features(self) -> ServerFeatures:
        """What the server can do; asked once."""
        raise NotImplementedError

    def _ask(self, ask: Any, name: str, *arguments: Any, **options: Any) -> Any:
        raise NotImplementedError

    def _bounds(self, name: str) -> Bounds:
        raise NotImplementedError

    def describe(self, name: str) -> CollectionShape:
        raise NotImplementedError

    def exists(self, name: str) -> bool:
        raise NotImplementedError

    def _aliases(self) -> dict[str, str]:
        """Alias -> collection, of all."""
        found = call_patiently(self._client.get_aliases).aliases
        return {entry.alias_name: entry.collection_name for entry in found}

    def resolve(self, name: str) -> str:
        return self._aliases().get(name, name)

    def check_alias(self, alias: str) -> None:
        if alias in {entry.name for entry in call_patiently(self._client.get_collections).collections}:
            raise CollectionError(
                f"'{alias}' is a collection, and cannot be an alias as well; give the alias a name of its own"
            )

    def point_alias(self, alias: str, name: str) -> None:
        self.check_alias(alias)
        steps: list[Any] = []
        if alias in self._aliases():
            steps.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
        create = models.CreateAlias(collection_name=name, alias_name=alias)
        steps.append(models.CreateAliasOperation(create_alias=create))
        call_patiently(partial(self._client.update_collection_aliases, steps))

    @property
    def takes_new_vectors(self) -> bool:
        return self.features.new_vectors

    def add_vectors(self, name: str, sparse: Sequence[str]) -> None:
        there = self.describe(name).sparse
        lacking = [vector for vector in sparse if vector not in there]
        kind = models.SparseVectorNameConfig(sparse=models.SparseVectorConfig(modifier=models.Modifier.IDF))
        for vector in lacking:
            self._rest(name)
            self._ask(self._client.create_vector_name, name, vector, kind, wait=True)
        self._await(name, set(sparse))
        if lacking:
            self._rest(name)  # it takes the new vectors up in the background: points are written when it has

    def _rest(self, name: str) -> None:
        """Wait for the optimiser: other vectors restart it, and what is deleted while it works may come back then."""
        if not await_rest(self._client, name):
            raise CollectionError(
                f"collection '{name}': the server's optimiser does not come to rest, and a change of vectors while it "
                "works may undo what other writers delete; look at the server's log, and run the same command again at "
                "a quieter time"
            )

    def _await(self, name: str, vectors: set[str]) -> None:
        until = time.monotonic() + _NODES_SECONDS
        while missing := vectors - set(self.describe(name).sparse):
            if time.monotonic() > until:
                raise CollectionError(
                    f"collection '{name}' has no vector '{min(missing)}' {_NODES_SECONDS:.0f} s after the server took "
                    "it; look at its log, then run the same command again"
                )
            time.sleep(_POLL_SECONDS)

    def uncopyable(self, name: str) -> list[str]:
        return list(find_uncopyable(self._look(name)))

    def create_like(self, name: str, source: str, without: Sequence[str], sparse: Sequence[str]) -> None:
        like = self._look(source)
        if not self.exists(name):
            try:
                call_patiently(partial(self._client.create_collection, name, **create_options(like, without, sparse)))
            except CollectionError:
                if not self.exists(name):  # otherwise another command was first
                    raise
            set_reading(self._ask, self._client, name, like)
        copy_indexes(self._ask, self._client, name, like, self.describe(name).indexed)
        self._infos.pop(name, None)

    def unlike(self, name: str, source: str, without: Sequence[str]) -> list[str]:
        return find_unlike(self._look(source), self._look(name), without)

    def _look(self, name: str) -> models.CollectionInfo:
        found: models.CollectionInfo = self._ask(self._client.get_collection, name)
        return found

    def remove_vectors(self, name: str, names: Sequence[str]) -> None:
        there = self.describe(name)
        for vector in names:
            if vector in there.sparse or vector in there.dense:
                self._rest(name)
                self._ask(self._client.delete_vector_name, name, vector, wait=True)
        self._infos.pop(name, None)

    def remove_indexes(self, name: str, fields: Sequence[str]) -> None:
        there = self.describe(name).indexed
        for field in fields:
            if field in there:
                self._ask(self._client.delete_payload_index, name, field, wait=True)
        self._infos.pop(name, None)

    def remove_payload(self, name: str, ids: Sequence[PointId], fields: Sequence[str]) -> None:
        for batch in batches(ids, self._bounds(name).n_values):
            # by ids in a filter: in a list, one that is gone would refuse them all
            there = models.Filter(must=[models.HasIdCondition(has_id=list(batch))])
            self._ask(self._client.delete_payload, name, list(fields), there, wait=True)
