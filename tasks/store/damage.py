"""Damaged documents that a command passed over: each named once, with how to mend it, while the others go on."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass

logger = logging.getLogger(__name__)
# where nobody listens, as in a shell that completes a name, Python would write warnings to the terminal by itself
logger.addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Damage:
    """One document that cannot be read.

    Attributes:
        what: Its address in the object store.
        message: What is wrong with it, and what a person can do.
    """

    what: str
    message: str

    def row(self) -> dict[str, str]:
        """For answers."""
        return asdict(self)


_lock = threading.Lock()
_named: dict[Damage, None] = {}


def name_damage(what: str, message: str) -> None:
    """Log damage that was not named since `forget_damage`: a process that looks every minute says it once."""
    damage = Damage(what, message)
    with _lock:
        if damage in _named:
            return
        _named[damage] = None
    logger.warning("%s", message)


def named_damage() -> list[Damage]:
    """What was named since `forget_damage`, in order."""
    with _lock:
        return list(_named)


def forget_damage() -> None:
    """Begin anew: what is still damaged is named again."""
    with _lock:
        _named.clear()
