"""Answers of the commands that run no flow, as a person reads them, one function a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flows.outcomes import Outcome, show_mapping, show_status
from flows.rendering.doctor_rendering import show_doctor
from flows.rendering.encode_rendering import show_encoding
from flows.rendering.forget_rendering import show_forgotten
from flows.rendering.search_rendering import show_search
from flows.rendering.service_rendering import show_deployed, show_waiting
from flows.rendering.try_rendering import show_try
from flows.rendering.word_rendering import show_words
from flows.screen import say, shorten, show_table, shown


def show_result(command: str, result: Any) -> None:
    """Print the answer of `command` for a person: what a flow answers shows itself."""
    if isinstance(result, Outcome):
        result.show()
    else:
        render: Callable[[Any], None] = RENDERERS.get(command) or show_mapping
        render(result)


def _show_releases(result: Mapping[str, Any]) -> None:
    rows = [
        (r["release"], r["parent"], r["n_words"], r["created_at"], ", ".join(r["channels"])) for r in result["releases"]
    ]
    show_table(("release", "parent", "words", "created", "channels"), rows)


def _show_pruned(result: Mapping[str, Any]) -> None:
    gone = shown(", ".join(map(str, result["pruned"]))) or "none"
    verb = "would go" if result["dry_run"] else "deleted"
    dead = f"uploads that died: {len(result['abandoned'])}, single writes: {result['n_unfinished']}"
    say(f"releases {verb}: {gone}; {dead}; {result['freed_bytes']:,} bytes")
    show_table(("release", "kept because"), [(row["release"], row["why"]) for row in result["kept"]])


def _show_deeds(result: Mapping[str, Any]) -> None:
    if not result["deeds"]:
        say("nothing was forgotten, pruned or confirmed so far")
        return
    rows = []
    for deed in result["deeds"]:
        facts = (
            f"{name} {', '.join(map(str, v)) if isinstance(v, list) else v}" for name, v in deed["facts"].items() if v
        )
        rows.append((deed["at"], deed["who"], deed["action"], shorten("; ".join(facts), 160)))
    show_table(("when", "who", "what", "facts"), rows)


RENDERERS: dict[str, Callable[[Any], None]] = {
    "encode": show_encoding,
    "forget": show_forgotten,
    "search": show_search,
    "try_folder": show_try,
    "release_waiting": show_waiting,
    "deploy": show_deployed,
    "status": show_status,
    "doctor": show_doctor,
    "detach": lambda result: say(shown(result["message"])),
    "words": show_words,
    "release_list": _show_releases,
    "release_prune": _show_pruned,
    "release_audit": _show_deeds,
}
