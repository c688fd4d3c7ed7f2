"""Answers of the commands as a person reads them, one function a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flows.command_line.encode_rendering import show_encoding
from flows.command_line.forget_rendering import show_forgotten
from flows.command_line.proof_rendering import show_comparison, show_evaluation, show_gate, show_search
from flows.command_line.reader_rendering import show_cells_that_wait, show_readers
from flows.command_line.service_rendering import show_deployed, show_try, show_waiting
from flows.command_line.word_rendering import show_words
from flows.screen import cell, say, shorten, show_table, shown


def show(command: str, result: Any) -> None:
    """Print the answer of `command` for a person."""
    render: Callable[[Any], None] = RENDERERS.get(command, _show_mapping)
    render(result)


def _show_mapping(result: Mapping[str, Any]) -> None:
    for key, value in result.items():
        if key == "waiting":
            show_cells_that_wait(value)
            continue
        if isinstance(value, Mapping):
            value = ", ".join(f"{name} {_number(number)}" for name, number in value.items())
        elif isinstance(value, list):
            value = f"{len(value)} rows (--json shows them)" if len(value) > 6 else ", ".join(map(str, value))
        say(f"[bold]{shown(key.replace('_', ' '))}[/bold]: {shown(str(value))}")


def _number(value: object) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)


def _show_index(result: Mapping[str, Any]) -> None:
    say(
        f"{shown(result['collection'])}: {result['n_points']:,} points; {result['n_written']:,} written, "
        f"{result['n_skipped']:,} unchanged; k={result['k']}, b={result['b']}, avg_len={result['avg_len']:.1f}"
        f"{describe_lengths(result.get('lengths'))}"
    )
    if mended := result.get("mended"):
        say(shown(mended["message"]))
    _show_unusable(result)


def describe_lengths(lengths: Mapping[str, Any] | None) -> str:
    """How sure a measured mean length is, behind the number itself; nothing where none was measured."""
    if lengths is None:
        return ""
    return (
        f" +- {lengths['standard_error']:.1f} (measured on {lengths['n_sampled']:,} of {lengths['n_texts']:,} texts, "
        f"standard deviation {lengths['standard_deviation']:.1f})"
    )


def _show_unusable(result: Mapping[str, Any]) -> None:
    for row in result.get("unusable", []):
        examples = ", ".join(map(str, row["examples"][:2]))
        such_as = f", such as {shown(examples)}" if examples else ""
        say(f"  [yellow]{row['n']:,} {shown(row['reason'])}[/yellow]{such_as}")


def _show_extend(result: Mapping[str, Any]) -> None:
    _show_unusable(result)
    if result.get("dry_run"):
        rows = [(w["word"], w["kind"], w["n_points"], "; ".join(w["reasons"])) for w in result["words"][:40]]
        show_table(("word", "kind", "points", "why"), rows)
        _show_refused_words(result)
        _show_mapping({"estimate": result["estimate"]})
        if result.get("message"):
            say(shown(result["message"]))
        return
    if result.get("message"):
        say(shown(result["message"]))
    counts: dict[str, int] = {}
    for row in result["words"]:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
    _show_refused_words(result)
    if counts:
        say("words: " + ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items())))
    trained = [row for row in result["words"] if row["verdict"] in ("accepted", "improved")]
    keys = ("word", "verdict", "n_sentences", "ordering_accuracy", "margin_accuracy", "ceiling")
    if trained:
        show_table(keys, [[row[key] for key in keys] for row in trained[:12]], f"first of {len(trained):,} trained")
    if weak := result.get("underperforming"):
        title = f"{len(weak):,} of {result['n_measured']:,} measured words do badly on this text"
        show_table(("word", "why it was retrained"), [(w["word"], "; ".join(w["reasons"])) for w in weak[:12]], title)
    if left := [row for row in result["words"] if row["verdict"] in ("unchanged", "removed")]:
        show_table(("word", "verdict", "why"), [(r["word"], r["verdict"], r["reason"]) for r in left[:8]])
    refused = [row for row in result["words"] if row["verdict"] in ("kept_bm25", "failed")]
    if refused:
        show_table(
            ("word", "why it stays"), [(r["word"], r["reason"]) for r in refused[:4]], f"{len(refused):,} not trained"
        )
    _show_collections(result)
    if result.get("ids_left") is not None and result.get("release"):
        lost = result.get("unreachable_words") or []
        named = f"; {len(lost)} unreachable in the base, such as {', '.join(lost[:5])}" if lost else ""
        say(f"{result['ids_left']:,} ids left{shown(named)}")
    if transfer := result.get("transfer"):
        up, inside = (transfer[key] / 2**20 for key in ("uploaded_bytes", "copied_bytes"))
        say(f"published: {up:,.1f} MiB uploaded, {inside:,.1f} MiB copied inside the store")
    if gate := result.get("retrieval_gate"):
        show_gate(gate)
        say(f"report: {shown(result['report'])} in the object store")
    release, parent = result.get("release"), result.get("parent")
    if release:
        grown_from = "nothing" if parent is None else f"release {parent}"
        say(f"[bold]release {release}[/bold], grown from {grown_from}; promoted: {result['promoted']}")
    if result.get("actual"):
        pairs = ((name, result["estimate"].get(name), value) for name, value in result["actual"].items())
        say("estimated / actual: " + ", ".join(f"{name} {cell(one)} / {cell(two)}" for name, one, two in pairs))
    if result.get("seconds"):
        say("seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in result["seconds"].items()))


def _show_refused_words(result: Mapping[str, Any]) -> None:
    rows = result.get("refused_words", [])
    for row in rows[:8]:
        say(f"  [yellow]not taken[/yellow] {shown(row['word'])}: {shown(row['reason'])}")
    if len(rows) > 8:
        say(f"  [yellow]not taken[/yellow] {len(rows) - 8:,} more (--json shows them)")


def _show_collections(result: Mapping[str, Any]) -> None:
    rows = [(c["name"], c["n_points"], c["n_affected"], c["n_rewritten"]) for c in result.get("collections", [])]
    if rows:
        show_table(("collection", "points", "affected", "rewritten"), rows)
    for entry in result.get("collections", []):
        if words := entry.get("words"):
            changed = [(w["word"], w["n_points"], shorten(w["examples"][0], 80)) for w in words[:12] if w["examples"]]
            show_table(
                ("word", "points", "such as"), changed, f"{entry['name']}: first of {len(words):,} changed words"
            )
            say(f"encoding them takes about {entry['seconds_expected']:,.0f} s here")
        for word in entry.get("idf", ()):
            if word["is_off"]:
                name = shown(f"{entry['name']}: '{word['word']}'")
                say(
                    f"[yellow]{name} is weighed by {word['engine']:.3f}, "
                    f"{word['expected']:.3f} is right: overwritten points count until the optimiser runs[/yellow]"
                )
    show_cells_that_wait(result.get("waiting") or [])


def _show_promotion(result: Mapping[str, Any]) -> None:
    if result.get("message"):
        say(shown(result["message"]))
    _show_collections(result)


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
    "index": _show_index,
    "extend": _show_extend,
    "retrain": _show_extend,
    "remove": _show_extend,
    "reencode": _show_promotion,
    "encode": show_encoding,
    "forget": show_forgotten,
    "search": show_search,
    "evaluate": show_evaluation,
    "compare": show_comparison,
    "try_folder": show_try,
    "release_waiting": show_waiting,
    "deploy": show_deployed,
    "words": show_words,
    "release_list": _show_releases,
    "release_promote": _show_promotion,
    "release_prune": _show_pruned,
    "release_readers": show_readers,
    "release_audit": _show_deeds,
}
