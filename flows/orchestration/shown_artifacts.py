"""The one door to the artifacts of a run's page: whatever is written there is harmless to look at.

A run without a server has no page: its record says what was shown, and the command's answer shows it. Prefect is
imported where there is a page alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flows.orchestration.local_runs import under_prefect
from flows.orchestration.run_records import current_run
from minicoil.harmless import harmless


def show_table(rows: Sequence[Mapping[str, Any]], key: str, description: str) -> None:
    """A table artifact."""
    if _has_page(key, "table", description):
        from prefect import artifacts

        shown = [{name: harmless(v) if isinstance(v, str) else v for name, v in row.items()} for row in rows]
        artifacts.create_table_artifact(shown, key=key, description=harmless(description))


def show_markdown(text: str, key: str, description: str) -> None:
    """A markdown artifact."""
    if _has_page(key, "markdown", description):
        from prefect import artifacts

        artifacts.create_markdown_artifact(harmless(text), key=key, description=harmless(description))


def show_progress(percent: float, key: str, description: str) -> UUID | None:
    """A progress artifact; its id, where the server gave one."""
    from prefect import artifacts

    made = artifacts.create_progress_artifact(percent, key=key, description=harmless(description))
    return made if isinstance(made, UUID) else None


def _has_page(key: str, kind: str, description: str) -> bool:
    """Whether the run has a page; where it has none, its record takes a note."""
    run = current_run()
    if run is not None and not under_prefect():
        run.add_artifact(key, kind, description)
    return under_prefect()


def move_progress(bar: UUID, percent: float, description: str) -> None:
    """Another state of a progress artifact."""
    from prefect import artifacts

    artifacts.update_progress_artifact(bar, description=harmless(description), progress=percent)
