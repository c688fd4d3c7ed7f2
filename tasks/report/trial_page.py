"""The page of a trial, `try-COLLECTION.html`: one file to send to somebody who was not there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.report.pages import asset, render
from tasks.trial import FirstLook

_WORDS = 3  # shown with sentences and rankings; the others are rows of a table


def write_trial_page(path: Path, answer: Mapping[str, Any], look: FirstLook) -> Path:
    """Write a self-contained page, without network or script; returns its absolute path.

    Args:
        path: Where to.
        answer: Of `minicoil try`: `collection`, `n_points`, `n_found`, `message`, `remarks`, `first`, `next`.
        look: Words in their meanings.
    """
    page = render("trial.html", answer=answer, words=look.words[:_WORDS], look=look, style=asset("report.css"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path.absolute()
