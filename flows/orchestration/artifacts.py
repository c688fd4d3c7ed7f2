"""What people look at on a run's page: words with verdicts, a release's card, where its report is, re-encoding."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flows.orchestration.shown_artifacts import show_markdown, show_table
from minicoil.errors import ObjectNotFoundError
from tasks.catalogue import REPORT, release_key
from tasks.settings import Settings, has_secret
from tasks.store import ObjectStore

_MOST_ROWS = 2000  # an artifact is one row of the server's database, and one table of a page
_MOST_CARD_CHARACTERS = 60_000
_MOST_FOUND = 500  # letters of one answer in a table of many
_MOST_FORMS = 2
# hubs read it; a page would show it as a hundred lines of headings
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.S)

WORD_COLUMNS = (
    ("word", "word"),
    ("as written", "forms"),
    ("verdict", "verdict"),
    ("sentences", "n_sentences"),
    ("ordering before", "old_ordering_accuracy"),
    ("ordering after", "ordering_accuracy"),
    ("margin", "margin_accuracy"),
    ("ceiling", "ceiling"),
    ("reason", "reason"),
)


def show_words(words: Sequence[Mapping[str, Any]]) -> None:
    """Table `words`: verdicts, and accuracy before and after; a column that says nothing of any word is left out."""
    rows = [{title: _plain(row.get(key)) for title, key in WORD_COLUMNS} for row in words[:_MOST_ROWS]]
    empty = {title for title, _ in WORD_COLUMNS if all(row[title] == "" for row in rows)}
    rows = [{title: found for title, found in row.items() if title not in empty} for row in rows]
    left = len(words) - len(rows)
    text = f"{len(words):,} words: verdicts and accuracy"
    if left:
        text += f"; {left:,} more stand in the release's ledger (`minicoil words`)"
    show_table(rows or [{"word": "none was looked at"}], key="words", description=text)


def show_result(answer: Mapping[str, Any], about: str) -> None:
    """Table `result`: what a flow answered, a row a key that has something; of lists of rows their number alone."""
    rows = [{"what": name, "found": _in_short(value)} for name, value in _found(answer)]
    show_table(rows, key="result", description=f"Answer of {about}")


def _found(answer: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What has something, by names as people write them."""
    told = [(name.removeprefix("n_").replace("_", " "), value) for name, value in answer.items()]
    return [(name, value) for name, value in told if value is not None and value not in ("", [], (), {})]


def _in_short(value: Any) -> Any:
    if isinstance(value, Mapping):
        text = ", ".join(f"{name} {_in_few_digits(entry)}" for name, entry in _found(value))
    elif isinstance(value, list | tuple) and any(isinstance(entry, Mapping) for entry in value):
        return f"{len(value):,} row{'' if len(value) == 1 else 's'}"
    elif isinstance(value, list | tuple):
        text = ", ".join(map(str, value))
    else:
        return value if isinstance(value, int | float) else _plain(value if value is None else str(value))
    return text if len(text) <= _MOST_FOUND else f"{text[:_MOST_FOUND]} ..."


def _in_few_digits(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else _in_short(value)


def show_release(store: ObjectStore, release: int, outcome: Mapping[str, Any]) -> None:
    """Markdown `release`: what became of it, then its own card; and `report`: where its HTML report is.

    That is written out and no link, for browsers follow none from a server's page to a file, and an object of a store
    has an address only for who signs for it; unless `store_http_url` says where browsers find it.
    """
    text = f"# Release {release}\n\n{release_status(release, outcome)}\n\n{_card(store, release)}"
    show_markdown(text, key="release", description=f"Release {release}: outcome and card")
    if store.stat(release_key(release, REPORT)) is not None:
        show_markdown(_way_to_report(store, release), key="report", description=f"Where release {release}'s report is")


def release_status(release: int, outcome: Mapping[str, Any]) -> str:
    """Served, waiting or merely published; and what a person can do about it."""
    gate = outcome.get("gate") or {}
    lines = []
    if outcome.get("promoted"):
        lines.append("**Served.** Searches use it; `rollback-release` goes back to the one before.")
    elif outcome.get("refused"):
        lines += ["**Waits for a person.** It is published and not served, because:", ""]
        lines += [f"- {reason}" for reason in gate.get("reasons", [])]
        lines += ["", f"Promote it with the flow `promote-release` (release = {release})"]
        if outcome.get("expires_at"):
            lines[-1] += f" until {outcome['expires_at']}; after that it expires"
        lines[-1] += ". Doing nothing leaves the served release as it is."
    elif outcome.get("behind"):
        behind = ", ".join(outcome["behind"])
        lines.append(f"**Pending.** Not re-encoded yet: {behind}. The flow `reencode-collections` finishes it.")
    else:
        lines.append("**Published only.** Promotion was not asked for; the flow `promote-release` does it.")
    lines += ["", *(f"- {row['message']}" for row in outcome.get("waiting") or [])]
    remarks = gate.get("remarks", [])
    return "\n".join([*lines, "", *(f"- {remark}" for remark in remarks)]).rstrip()


def show_reencoding(
    collections: Sequence[Mapping[str, Any]], release: int | None, waiting: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Table `re-encoding`: points looked at, affected, written, by collection; and `cells-that-wait` for readers."""
    show_cells_that_wait(waiting)
    if not collections:
        return
    columns = ("name", "n_points", "n_candidates", "n_affected", "n_rewritten", "n_without_text")
    titles = ("collection", "points", "candidates", "affected", "rewritten", "without text")
    rows = [{title: _plain(row.get(key)) for title, key in zip(titles, columns, strict=True)} for row in collections]
    show_table(rows, key="re-encoding", description=f"Points re-encoded for release {release}")


def show_cells_that_wait(waiting: Sequence[Mapping[str, Any]]) -> None:
    """Table `cells-that-wait`: whose cells stay in which collection, in how many points, and what lets them go."""
    if not waiting:
        return
    titles = ("collection", "channel", "served", "cells beside of", "points", "what lets them go")
    keys = ("collection", "channel", "release", "waiting", "n_points", "message")
    rows = [{title: _plain(row.get(key)) for title, key in zip(titles, keys, strict=True)} for row in waiting]
    text = "Cells of releases that are not served, and stay because somebody may still read with them"
    show_table(rows, key="cells-that-wait", description=text)


def _way_to_report(store: ObjectStore, release: int) -> str:
    way = f"`minicoil release pull {release} ./release-{release}` copies the release, `{REPORT}` with it"
    place = store.local_path(release_key(release, REPORT))
    if place is not None:
        here = "Paste this address into a browser on the machine that has the store"
        way = f"{here}:\n\n    {place.as_uri()}\n\nElsewhere {way}"
    if (base := Settings().store_http_url) and not has_secret(base):  # one with a key is not shown to all
        way = f"[Open it]({base.rstrip('/')}/{release_key(release, REPORT)}).\n\n{way}"
    return f"# Report of release {release}\n\n{way}."


def _card(store: ObjectStore, release: int) -> str:
    try:
        text = store.read(release_key(release, "README.md")).decode("utf-8", errors="replace")
    except ObjectNotFoundError:
        return "It came without a card (README.md)."
    body = _FRONT_MATTER.sub("", text).strip()
    cut = body if len(body) <= _MOST_CARD_CHARACTERS else body[:_MOST_CARD_CHARACTERS] + "\n\n(cut here)"
    return re.sub(r"^#{1,5} ", r"#\g<0>", cut, flags=re.M)  # below the page's own heading


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value[:_MOST_FORMS]))
    return "" if value is None else value


def show_evaluation(answer: Mapping[str, Any]) -> None:
    """Markdown `retrieval`: the figures of every set, step by step where there are steps, and the gate's reasons."""
    lines = ["| set | queries | BM25 | miniCOIL | parent | change | 95 % interval |", "|---|---|---|---|---|---|---|"]
    for row in answer["sets"]:
        found = row["against"]["bm25"]["ndcg@10"]
        proxy = " (proxy)" if row["is_proxy"] else ""
        figures = " | ".join(f"{row[name]['ndcg@10']:.4f}" for name in ("bm25", "minicoil", "parent"))
        lines.append(
            f"| {row['set'].replace('|', '/')}{proxy} | {row['n_queries']} | {figures} | {found['change']:+.4f} "
            f"| {found['low']:+.4f} to {found['high']:+.4f} |"
        )
    for row in (row for row in answer["sets"] if row["steps"]):
        taken = "; ".join(f"{step['name']} {step['ndcg@10']:.4f} ({step['change']:+.4f})" for step in row["steps"])
        lines.append(f"\nStep by step on {row['set']}: {taken}")
    gate = answer["gate"]
    text = f"# nDCG@10 of {answer['model']}: {gate['verdict']}\n\n" + "\n".join(lines)
    text += "\n\n" + "\n".join(f"- {reason}" for reason in gate["reasons"])
    show_markdown(text, key="retrieval", description="Retrieval against BM25 and the parent")
