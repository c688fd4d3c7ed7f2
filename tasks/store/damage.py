"""Damaged documents that a command passed over: each named once, with how to mend it, while the others go on."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

logger = logging.getLogger(__name__)
# where nobody listens, as in a shell that completes a name, Python would write warnings to the terminal by itself
logger.addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Damage:
    """One document that cannot be read.

    Attributes:
        what: Its address in the object store; a path of this machine, where it lies outside.
        message: What is wrong with it, and what a person can do.
        is_aside: Whether work goes on without it as well, as without a cache: nobody is woken for it.
    """

    what: str
    message: str
    is_aside: bool = False

    def row(self) -> dict[str, str]:
        """For answers."""
        return {"what": self.what, "message": self.message}


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


def name_aside(what: str, message: str) -> None:
    """The same of what work goes on without: one line of each, the newest, so that a message may count."""
    damage = Damage(what, message, is_aside=True)
    with _lock:
        before = [other for other in _named if other.is_aside and other.what == what]
        for other in before:
            del _named[other]
        _named[damage] = None
    if not before:
        logger.warning("%s", message)


def named_damage() -> list[Damage]:
    """What was named since `forget_damage`, in order."""
    with _lock:
        return list(_named)


def forget_damage(keep_aside: bool = False) -> None:
    """Begin anew: what is still damaged is named again; what lies aside may stay, which a command has met before."""
    with _lock:
        for damage in [damage for damage in _named if not (keep_aside and damage.is_aside)]:
            del _named[damage]
