"""What this service added to a live collection of somebody else's: so much goes again when it leaves."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tasks.catalogue.payload_fields import HASH_FIELD, JOINED_FIELD, KEYS_FIELD, STAMP_FIELD, SYMBOLS_FIELD, UNION_FIELD
from tasks.points import CollectionSchema

ADDED_FIELDS = (KEYS_FIELD, JOINED_FIELD, SYMBOLS_FIELD, HASH_FIELD, STAMP_FIELD, UNION_FIELD)
ADDED_INDEXES = CollectionSchema(keyword=(KEYS_FIELD, JOINED_FIELD, HASH_FIELD), integer=(STAMP_FIELD, UNION_FIELD))


class Adoption(BaseModel):
    """Kept in the collection's record from before the first change until after the last one is undone.

    Attributes:
        state: filling: points lack vectors; filled: all have been through; leaving: what was added is being removed.
        vectors: Named vectors that were added.
        indexes: Payload fields that were indexed; those that the owner had indexed before are not among them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Literal["filling", "filled", "leaving"] = "filling"
    vectors: tuple[str, ...]
    indexes: tuple[str, ...]
