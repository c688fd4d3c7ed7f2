"""What flows answer that change which words the model knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.outcomes.outcome import Row, TimedOutcome
from flows.outcomes.shown_parts import show_collections, show_frontier, show_gate, show_mapping, show_problems
from flows.screen import cell, say, show_table, shown

_TRAINED = ("word", "verdict", "n_sentences", "ordering_accuracy", "margin_accuracy", "ceiling")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class WordsOutcome(TimedOutcome):
    """Of a flow that changes words: `extend-vocabulary`, `retrain-words`, `remove-words`.

    Attributes:
        release: That was published; None: nothing was.
        parent: That it grew from.
        promoted: Whether the channel serves it now.
        words: A row each: `word`, `verdict`, `reason`, `n_sentences`, accuracies.
        collections: A row each: `name`, `n_points`, `n_affected`, `n_rewritten`.
        behind, waiting, gate, refused, expires_at, pending: As `PublishOutcome` has them.
    """

    release: int | None
    words: Sequence[Row]
    parent: int | None = None
    promoted: bool = False
    collections: Sequence[Row] = ()
    behind: Sequence[str] = ()
    waiting: Sequence[Row] = ()
    gate: Row | None = None
    refused: bool = False
    expires_at: str | None = None
    pending: bool = False

    def show(self) -> None:
        """What was trained, refused, published and re-encoded."""
        if self.message:
            say(shown(self.message))
        self._show_words()
        show_collections(self.collections, self.waiting)
        self._show_release()
        if self.seconds:
            say("seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in self.seconds.items()))

    def _show_words(self) -> None:
        counts: dict[str, int] = {}
        for row in self.words:
            counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
        if counts:
            say("words: " + ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items())))
        trained = self._of("accepted", "improved")
        if trained:
            rows = [[row[key] for key in _TRAINED] for row in trained[:12]]
            show_table(_TRAINED, rows, f"first of {len(trained):,} trained")
        self._show_weak()
        if left := self._of("unchanged", "removed"):
            show_table(("word", "verdict", "why"), [(r["word"], r["verdict"], r["reason"]) for r in left[:8]])
        if refused := self._of("kept_bm25", "failed"):
            rows = [[r["word"], r["reason"]] for r in refused[:4]]
            show_table(("word", "why it stays"), rows, f"{len(refused):,} not trained")

    def _show_weak(self) -> None:
        """What was measured before anything was trained: nothing here."""

    def _of(self, *verdicts: str) -> list[Row]:
        return [row for row in self.words if row["verdict"] in verdicts]

    def _show_release(self) -> None:
        if self.release:
            grown_from = "nothing" if self.parent is None else f"release {self.parent}"
            say(f"[bold]release {self.release}[/bold], grown from {grown_from}; promoted: {self.promoted}")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ExtensionOutcome(WordsOutcome):
    """Of `extend-vocabulary`.

    Attributes:
        corpus: Counts: `n_documents`, `n_sentences`, `n_new`.
        unusable: What of it could not be used: `reason`, `n`, `examples`.
        dry_run: Whether it was only looked at; then `words` say what kind they are, and how many points have them.
        refused_words: That can be none, with the reason.
        estimate, actual: What it was expected to cost, and did.
        ids_left: For words to come.
        unreachable_words: Entries of the base that no text resolves to.
        retrieval_gate: What judging retrieval found, `report` the key of the release's page.
        importance: What the release carries: `digest`, `beta`, and how it was learned; or the `reason` why not.
        transfer: Bytes uploaded, and copied inside the store.
        frontier: What the first words by expected gain per point would bring, and their price: rows of `n_words`,
            `n_points`, `share_of_gain`; empty where no points were counted.
    """

    corpus: Row | None = None
    unusable: Sequence[Row] = ()
    dry_run: bool = False
    refused_words: Sequence[Row] = ()
    estimate: Mapping[str, Any] | None = None
    actual: Mapping[str, Any] | None = None
    ids_left: int | None = None
    unreachable_words: Sequence[str] = ()
    retrieval_gate: Row | None = None
    report: str | None = None
    importance: Row | None = None
    transfer: Row | None = None
    frontier: Sequence[Row] = ()

    def show(self) -> None:
        """What was trained, published and re-encoded; of a dry run what would be."""
        show_problems(self.unusable)
        if not self.dry_run:
            super().show()
            return
        rows = [(w["word"], w["kind"], w["n_points"], "; ".join(w["reasons"])) for w in self.words[:40]]
        show_table(("word", "kind", "points", "why"), rows)
        self._show_refused_words()
        show_frontier(self.frontier)
        estimate = dict(self.estimate or {})
        figures = estimate.pop("computed_from", {})
        show_mapping({"estimate": estimate, **({"computed_from": figures} if figures else {})})
        if self.message:
            say(shown(self.message))

    def _show_words(self) -> None:
        self._show_refused_words()
        super()._show_words()

    def _show_refused_words(self) -> None:
        for row in self.refused_words[:8]:
            say(f"  [yellow]not taken[/yellow] {shown(row['word'])}: {shown(row['reason'])}")
        if len(self.refused_words) > 8:
            say(f"  [yellow]not taken[/yellow] {len(self.refused_words) - 8:,} more (--json shows them)")

    def _show_release(self) -> None:
        if self.ids_left is not None and self.release:
            lost = self.unreachable_words
            named = f"; {len(lost)} unreachable in the base, such as {', '.join(lost[:5])}" if lost else ""
            say(f"{self.ids_left:,} ids left{shown(named)}")
        if self.transfer:
            up, inside = (self.transfer[key] / 2**20 for key in ("uploaded_bytes", "copied_bytes"))
            say(f"published: {up:,.1f} MiB uploaded, {inside:,.1f} MiB copied inside the store")
        if self.importance:
            say(shown(_describe_importance(self.importance)))
        if self.retrieval_gate:
            show_gate(self.retrieval_gate)
            say(f"report: {shown(str(self.report))} in the object store")
        super()._show_release()
        if self.actual:
            estimate = self.estimate or {}
            pairs = ((name, estimate.get(name), value) for name, value in self.actual.items())
            say("estimated / actual: " + ", ".join(f"{name} {cell(one)} / {cell(two)}" for name, one, two in pairs))


def _describe_importance(row: Row) -> str:
    if "digest" not in row:
        return f"importance was not learned: {row.get('reason', 'nothing was found to learn it from')}"
    if "n_taught" not in row:
        return f"importance {row['digest'][:12]}, as in the parent"
    change = f"{row['bm25']:.4f} -> {row['bm25_importance']:.4f} (+- {row['error']:.4f})"
    return (
        f"importance {row['digest'][:12]} of {row['n_taught']:,} queries; nDCG@10 of {row['n_judged']:,} others for "
        f"their own text, BM25 without and with: {change}"
    )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class RetrainOutcome(ExtensionOutcome):
    """Of `retrain-words`.

    Attributes:
        n_measured, n_too_few: Words measured on this text, and those that it has too few sentences of.
        n_underperforming: Of the measured ones, those in `underperforming`, each with its reasons.
        n_left_out: More that do badly, and stay as they are: `--max-points` leaves no room for them.
    """

    n_measured: int = 0
    n_too_few: int = 0
    n_underperforming: int = 0
    n_left_out: int = 0
    underperforming: Sequence[Row] = ()

    def _show_weak(self) -> None:
        if weak := self.underperforming:
            n_weak = len(weak) + self.n_left_out
            title = f"{n_weak:,} of {self.n_measured:,} measured words do badly on this text"
            rows = [(w["word"], "; ".join(w["reasons"])) for w in weak[:12]]
            show_table(("word", "why it was retrained"), rows, title)
        if self.n_left_out:
            say(f"{self.n_left_out:,} more do badly and stay as they are, within --max-points")
        show_frontier(self.frontier)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class RemovalOutcome(WordsOutcome):
    """Of `remove-words`."""
