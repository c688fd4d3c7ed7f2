"""Moments as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def shown_time(at: str | None) -> str:
    """An ISO time as a person reads it, with how long ago that is."""
    if at is None:
        return "at an unknown time"
    moment = datetime.fromisoformat(at).astimezone(UTC)
    hours = (datetime.now(UTC) - moment).total_seconds() / 3600
    ago = f"{hours * 60:.0f} min" if hours < 2 else f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"
    return f"{moment:%Y-%m-%d %H:%M} UTC ({ago} ago)"
