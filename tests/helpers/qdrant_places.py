"""The kinds of Qdrant that a suite runs over, and names of one's own on a server that others use too."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine_kinds import KINDS, SERVER_KINDS, SERVER_URL
from qdrant_client import QdrantClient, models
from qdrant_double import QdrantDouble

from tasks.points import PointStore
from tasks.qdrant import open_points
from tasks.qdrant.server import ServerPoints

__all__ = ["KINDS", "SERVER_KINDS", "SERVER_URL", "NamedApart", "open_kind", "open_server"]
_NAMED = {"collection_name", "alias_name", "old_alias_name", "new_alias_name"}


@contextmanager
def open_kind(kind: str, home: Path) -> Iterator[PointStore]:
    """Points of one kind, empty; gone at the end.

    @pytest.fixture(params=KINDS)
    def points(request, tmp_path):
        with open_kind(request.param, tmp_path) as store:
            yield store
    """
    if kind == "embedded":
        with open_points(home) as points:
            yield points
    else:
        with open_server(kind) as server:
            yield server


@contextmanager
def open_server(kind: str, double: QdrantDouble | None = None) -> Iterator[NamedApart]:
    """A server of one kind under names of its own: a double (a given one, or a new one), or the real one."""
    if kind == "server":
        with NamedApart(SERVER_URL) as points:
            yield points
    elif double is not None:
        with NamedApart(double.url) as points:
            yield points
    else:
        with QdrantDouble() as new, NamedApart(new.url) as points:
            yield points


class NamedApart(ServerPoints):
    """A server's points whose collections and aliases have names of their own there: "docs" is "t_ab12cd_docs".

    What the server says in its errors has the names that are there.

    Attributes:
        prefix: What stands before every name.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self.prefix = f"t_{secrets.token_hex(3)}_"
        client = QdrantClient(url=url, api_key=api_key, timeout=60, check_compatibility=False)
        super().__init__(_ApartClient(client, self.prefix))

    def drop_all(self) -> None:
        """Remove everything that was made under these names, and nothing else."""
        for name in self.names():
            self._client.delete_collection(name)

    def __exit__(self, *details: object) -> None:
        try:
            self.drop_all()
        finally:
            super().__exit__(*details)


class _ApartClient:
    """A client that puts a prefix before every name on the way in, and takes it off on the way out."""

    def __init__(self, client: QdrantClient, prefix: str) -> None:
        self._client, self._prefix = client, prefix

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if not callable(call) or name in ("close", "info"):
            return call

        def named(*arguments: Any, **options: Any) -> Any:
            there = {key: self._in(value) if key in _NAMED else value for key, value in options.items()}
            if arguments and isinstance(arguments[0], str):
                arguments = (self._in(arguments[0]), *arguments[1:])
            return self._out(call(*arguments, **there))

        return named

    @property
    def http(self) -> Any:
        """The way of requests whose bodies are made elsewhere."""

        def request(path_params: dict[str, str], **options: Any) -> Any:
            there = {key: self._in(value) for key, value in path_params.items()}
            return self._client.http.client.request(path_params=there, **options)

        return SimpleNamespace(client=SimpleNamespace(request=request))

    def update_collection_aliases(self, change_aliases_operations: list[Any], **options: Any) -> Any:
        actions = [action.model_copy(deep=True) for action in change_aliases_operations]
        for action in actions:
            (field,) = type(action).model_fields
            entry = getattr(action, field)
            for key in _NAMED & type(entry).model_fields.keys():
                setattr(entry, key, self._in(getattr(entry, key)))
        return self._client.update_collection_aliases(actions, **options)

    def _in(self, name: str) -> str:
        return self._prefix + name

    def _out(self, answer: Any) -> Any:
        """Only what is under these names, under the names that the caller knows."""
        mine, cut = self._prefix, len(self._prefix)
        if isinstance(answer, models.CollectionsResponse):
            rows = [row for row in answer.collections if row.name.startswith(mine)]
            kept = [models.CollectionDescription(name=row.name[cut:]) for row in rows]
            return models.CollectionsResponse(collections=kept)
        if isinstance(answer, models.CollectionsAliasesResponse):
            aliases = [row for row in answer.aliases if row.alias_name.startswith(mine)]
            return models.CollectionsAliasesResponse(
                aliases=[
                    models.AliasDescription(
                        alias_name=row.alias_name[cut:], collection_name=row.collection_name.removeprefix(mine)
                    )
                    for row in aliases
                ]
            )
        return answer
