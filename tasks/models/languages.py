"""The language of a channel: fixed by its first release, or by its first collection where there is no release yet."""

from __future__ import annotations

from minicoil.errors import UsageError
from minicoil.text import open_language
from tasks.catalogue import language_of, list_collections, read_channel
from tasks.place import Place

ANOTHER_CHANNEL = "name another --channel"


def settle_language(place: Place, channel: str, asked: str | None = None, else_do: str = ANOTHER_CHANNEL) -> str:
    """The language of a channel's texts; where it has none yet, the one that was asked for, else English.

    Args:
        place: Has the channel.
        channel: Its name.
        asked: ISO 639 code; None: whatever the channel has.
        else_do: What a person can do who needs the other language, for the message.

    Raises:
        UsageError: another language was asked for, or there is no such language.
    """
    if asked is not None:
        open_language(asked)
    store = place.objects()
    current = read_channel(store, channel).current
    if current is not None:
        found, what = language_of(store, current), f"channel '{channel}' is at release {current}, which"
    elif records := list_collections(store, channel):
        found, what = records[0].language, f"collection '{records[0].name}' of channel '{channel}'"
    else:
        return asked or "en"
    check_language(what, found, asked, else_do)
    return found


def check_language(what: str, found: str, asked: str | None, else_do: str = ANOTHER_CHANNEL) -> None:
    """Nothing, where no other language was asked for than something has.

    Raises:
        UsageError: one was.
    """
    if asked not in (None, found):
        raise UsageError(
            f"{what} is {open_language(found).name} ({found}), not {open_language(str(asked)).name} ({asked}); a "
            f"language never changes: leave --language out, or {else_do}"
        )
