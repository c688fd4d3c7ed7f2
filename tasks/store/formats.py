"""Documents of the object store, read and written one way: whole and by their model, or refused with what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from minicoil.errors import ObjectNotFoundError, StoreError, StoreUnavailableError
from minicoil.files import parse_json, write_json

if TYPE_CHECKING:
    from tasks.store.object_store import ObjectStore

Model = TypeVar("Model", bound=BaseModel)
BACKUP = "restore it from a backup"


class DamageError(ValueError):
    """A document that cannot be read; the message is for people.

    Attributes:
        is_newer: Whether a newer version of this program wrote it: then it is not damaged, and nothing may change it.
        tag: To write over it by; None where something else stands in its place, or nobody asked a store.
    """

    def __init__(self, message: str, is_newer: bool = False, tag: str | None = None) -> None:
        super().__init__(message)
        self.is_newer = is_newer
        self.tag = tag


def read_document(model: type[Model], data: bytes, what: str, version: int, way_out: str = BACKUP) -> Model:
    """The document in some bytes.

    Args:
        model: Of the document.
        data: JSON, as anybody may have written it.
        what: Its name, for people.
        version: Newest format that this program reads; older ones it reads as they are.
        way_out: What a person can do about damage.

    Raises:
        DamageError: it is no JSON, holds a number that is none, or is not as the model says.
    """
    try:
        document = parse_json(data)
    except ValueError as error:
        found = "empty" if not data.strip() else f"no JSON document ({error})"
        raise DamageError(f"{what} is damaged: it is {found}; {way_out}") from error
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found_version = document.get("version") if isinstance(document, dict) else None
        if type(found_version) is int and found_version > version:
            raise DamageError(
                f"{what} has format {found_version}, and this program reads up to {version}: a newer version of it "
                "wrote here; upgrade this one, nothing was changed",
                is_newer=True,
            ) from error
        raise DamageError(f"{what} is damaged at {_first_problem(error)}; {way_out}") from error


def load_document(
    store: ObjectStore, key: str, model: type[Model], what: str, version: int, way_out: str = BACKUP
) -> tuple[Model, str]:
    """A stored document, and the tag to change it by; arguments as for `read_document`.

    Raises:
        ObjectNotFoundError: there is none.
        StoreUnavailableError: the store does not answer; nothing is known of the document.
        DamageError: it cannot be read, or something else stands in its place, such as a folder.
    """
    try:
        data, tag = store.read_tagged(key)
    except (ObjectNotFoundError, StoreUnavailableError):
        raise
    except StoreError as error:
        raise DamageError(f"{what} is damaged: {error}; {way_out}") from error
    try:
        return read_document(model, data, what, version, way_out), tag
    except DamageError as error:
        error.tag = tag
        raise


def salvage_fields(model: type[BaseModel], data: bytes) -> dict[str, Any]:
    """The fields of a damaged document that are right, by name; none of one that is no JSON."""
    try:
        document = json.loads(data)  # not strictly: its other fields are right although one of them is NaN
    except (ValueError, RecursionError):
        return {}
    fields = {}
    for name, info in model.model_fields.items() if isinstance(document, dict) else ():
        if name in document:
            kind: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
            with suppress(ValidationError):
                fields[name] = TypeAdapter(kind).validate_python(document[name])
    return fields


def write_document(document: BaseModel) -> bytes:
    """A document's bytes, as `read_document` takes them.

    Raises:
        ValueError: it holds a number that is none.
    """
    return write_json(document.model_dump(mode="json"), indent=1).encode()


def describe_problems(
    error: ValidationError, rename: Callable[[str], str] = lambda name: name, most: int | None = None
) -> str:
    """What a model found wrong, each place with what was expected there; values are not repeated."""
    rows = error.errors(include_input=False, include_url=False)
    places = [rename(".".join(map(str, row["loc"]))) for row in rows]
    said = [row["msg"].removeprefix("Value error, ") for row in rows]
    return "; ".join(f"{at}: {why}" if at else why for at, why in list(zip(places, said, strict=True))[:most])


def _first_problem(error: ValidationError) -> str:
    return describe_problems(error, lambda name: name or "its top", most=1)
