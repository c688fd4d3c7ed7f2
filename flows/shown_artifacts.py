"""The one door to the artifacts of a run's page: whatever is written there is harmless to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from prefect import artifacts

from minicoil.harmless import harmless


def show_table(rows: Sequence[Mapping[str, Any]], key: str, description: str) -> None:
    """A table artifact."""
    shown = [{name: harmless(v) if isinstance(v, str) else v for name, v in row.items()} for row in rows]
    artifacts.create_table_artifact(shown, key=key, description=harmless(description))


def show_markdown(text: str, key: str, description: str) -> None:
    """A markdown artifact."""
    artifacts.create_markdown_artifact(harmless(text), key=key, description=harmless(description))


def show_link(address: str, key: str, text: str, description: str) -> None:
    """A link artifact."""
    artifacts.create_link_artifact(address, key=key, link_text=harmless(text), description=harmless(description))


def show_progress(percent: float, key: str, description: str) -> UUID | None:
    """A progress artifact; its id, where the server gave one."""
    made = artifacts.create_progress_artifact(percent, key=key, description=harmless(description))
    return made if isinstance(made, UUID) else None


def move_progress(bar: UUID, percent: float, description: str) -> None:
    """Another state of a progress artifact."""
    artifacts.update_progress_artifact(bar, description=harmless(description), progress=percent)
