"""What stands in requests, read as the server reads it: what it refuses, and in which words.

Source: the answers of a server 1.18.3; lib/api/src/rest/validate.rs, lib/sparse/src/common/sparse_vector.rs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from qdrant_double_filters import BadFilterError, normal_id
from qdrant_double_segments import Sparse, Vector

NO_VECTORS = "data did not match any variant of untagged enum VectorStruct"


class Refused(Exception):
    """An answer that is an error: raised by the double itself, and by hooks of tests.

    Attributes:
        plain: The body is the text itself, not JSON; so answers the part of the server that checks keys.
        before_end: Bytes between where the server stopped reading and the body's end, where it says that.
    """

    def __init__(
        self,
        status: int,
        text: str,
        headers: Mapping[str, str] | None = None,
        plain: bool = False,
        before_end: int | None = None,
    ) -> None:
        super().__init__(text)
        self.status, self.text, self.headers, self.plain = status, text, dict(headers or {}), plain
        self.before_end = before_end


def bad_format(text: str, before_end: int | None = None) -> Refused:
    return Refused(400, f"Format error in JSON body: {text}", before_end=before_end)


def invalid(errors: list[str]) -> Refused:
    return Refused(422, f"Validation error in JSON body: [{'; '.join(errors)}]")


def wrong_input(text: str) -> Refused:
    return Refused(400, f"Wrong input: {text}")


def bad_request(text: str) -> Refused:
    return Refused(400, f"Bad request: {text}")


def not_found(text: str) -> Refused:
    return Refused(404, f"Not found: {text}")


def read_id(value: Any, before_end: int | None = None) -> Any:
    try:
        return normal_id(value)
    except BadFilterError as error:
        raise bad_format(str(error), before_end) from None


def field(body: Mapping[str, Any], name: str, before_end: int | None = 0) -> Any:
    """A field that must be there."""
    if not isinstance(body, dict) or name not in body:
        raise bad_format(f"missing field `{name}`", before_end)
    return body[name]


def read_vectors(given: Any) -> dict[str, Vector]:
    """Name -> vector; an unnamed one is named ""."""
    if isinstance(given, list):
        return {"": _dense(given)} if given else {}
    if not isinstance(given, dict):
        raise bad_format(NO_VECTORS)
    return {name: read_vector(value) for name, value in given.items()}


def read_vector(value: Any) -> Vector:
    if isinstance(value, list):
        return _dense(value)
    if isinstance(value, dict) and value.keys() >= {"indices", "values"}:
        indices, values = value["indices"], value["values"]
        if isinstance(indices, list) and isinstance(values, list):
            return Sparse(_numbers(indices, "iu", np.uint32), _numbers(values, "iuf", np.float32))
    raise bad_format(NO_VECTORS)


def _dense(value: list[Any]) -> np.ndarray:
    return _numbers(value, "iuf", np.float32)


def _numbers(value: list[Any], kinds: str, dtype: Any) -> np.ndarray:
    if not value:
        return np.zeros(0, dtype)
    try:
        numbers = np.array(value)
    except (ValueError, OverflowError):
        raise bad_format(NO_VECTORS) from None
    if numbers.dtype.kind not in kinds or (kinds == "iu" and not _fits(numbers)):
        raise bad_format(NO_VECTORS)
    with np.errstate(over="ignore"):
        return numbers.astype(dtype)


def _fits(numbers: np.ndarray) -> bool:
    return numbers.ndim == 1 and int(numbers.min()) >= 0 and int(numbers.max()) < 2**32


def sparse_errors(vector: Sparse, where: str) -> list[str]:
    errors = []
    if len(np.unique(vector.indices)) != len(vector.indices):
        errors.append(f"{where}.indices: Validation error: must be unique [{{}}]")
    if len(vector.indices) != len(vector.values):
        errors.append(f"{where}.values: Validation error: must be the same length as indices [{{}}]")
    return errors


def vector_errors(vectors: Mapping[str, Vector], where: str) -> list[str]:
    """What the server says of a point's vectors; those of one bad vector have no number."""
    bad = [found for v in vectors.values() if isinstance(v, Sparse) and (found := sparse_errors(v, "?"))]
    if len(bad) > 1:
        bad = [[text.replace("?", f"?[{i}]", 1) for text in found] for i, found in enumerate(bad)]
    return [f"{where}.{text}" for found in bad for text in found]


def read_points(body: Mapping[str, Any], where: str) -> list[tuple[Any, dict[str, Vector], dict[str, Any] | None]]:
    """(id, vectors, payload) of every point of an upsert, as a list of points or as a batch of columns.

    `where` stands before what the server says of a field.
    """
    if "batch" in body:
        return _read_columns(body["batch"], where)
    if not isinstance(body.get("points"), list):
        raise bad_format("Invalid PointInsertOperations format")
    rows = []
    for row in body["points"]:
        point_id, vectors = field(row, "id", None), field(row, "vector", None)
        rows.append((read_id(point_id), read_vectors(vectors), row.get("payload")))
    named = [vector_errors(vectors, f"{where}points[{i}].vector") for i, (_, vectors, _) in enumerate(rows)]
    if errors := [error for of_one in named for error in of_one]:
        raise invalid(errors)
    return rows


def _read_columns(batch: Mapping[str, Any], where: str) -> list[tuple[Any, dict[str, Vector], dict[str, Any] | None]]:
    ids = [read_id(i) for i in batch["ids"]]
    given = batch["vectors"]
    columns = {"": given} if isinstance(given, list) else given
    payloads = batch.get("payloads") or [None] * len(ids)
    for column in [*columns.values(), payloads]:
        if len(column) != len(ids):
            what = "payloads" if column is payloads else "vectors"
            count = f"number of ids and {what} must be equal ({len(ids)} != {len(column)})"
            raise invalid([f"{where}batch.batch: {count}"])
    vectors = [{name: read_vector(column[i]) for name, column in columns.items()} for i in range(len(ids))]
    if errors := [e for row in vectors for e in vector_errors(row, f"{where}batch.vectors")]:
        raise invalid(errors)
    return list(zip(ids, vectors, payloads, strict=True))


def read_updates(body: Mapping[str, Any], where: str) -> dict[Any, dict[str, Vector]]:
    """Id -> new vectors, of an update; several of one point are merged."""
    rows = [(read_id(row["id"]), read_vectors(row["vector"])) for row in field(body, "points")]
    if not rows:
        raise invalid([f"{where}points: must specify points to update"])
    errors = []
    for i, (_, vectors) in enumerate(rows):
        if all(len(v.indices if isinstance(v, Sparse) else v) == 0 for v in vectors.values()):
            errors.append(f"{where}points[{i}].vector: must specify vectors to update for point")
        else:
            errors += vector_errors(vectors, f"{where}points[{i}]")
    if errors:
        raise invalid(errors)
    merged: dict[Any, dict[str, Vector]] = {}
    for point_id, vectors in rows:
        merged.setdefault(point_id, {}).update(vectors)
    return merged


def written(vectors: Mapping[str, Vector], names: bool | list[str]) -> Any:
    """Vectors for an answer: all, or those named; an unnamed one alone is no mapping."""
    shown = {
        name: {"indices": v.indices, "values": v.values} if isinstance(v, Sparse) else v
        for name, v in vectors.items()
        if names is True or name in names
    }
    return shown[""] if "" in shown and len(shown) == 1 else shown
