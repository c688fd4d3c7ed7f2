"""Payload fields that this service writes beside other people's; all begin with mc_."""

from __future__ import annotations

KEYS_FIELD = "mc_keys"  # tokens and stems: what a changed word is looked up by
JOINED_FIELD = "mc_joined"  # stems of the parts of symbol-joined tokens
SYMBOLS_FIELD = "mc_symbols"  # those tokens themselves
HASH_FIELD = "mc_hash"  # digest of the text: the guard against overwriting newer text's vectors
STAMP_FIELD = "mc_release"  # release the vectors were last written for
UNION_FIELD = "mc_union"  # the release whose cells are beside (0: the empty model), a list of several, or NO_UNION
NO_UNION = -1
SOURCE_FIELD = (
    "mc_source"  # file or set that a row with an id of its own was read from: another one's row is another document
)
