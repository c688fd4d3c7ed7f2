"""What the flow answers that adds vectors to a live collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.outcomes.collection_outcomes import describe_importance
from flows.outcomes.outcome import TimedOutcome
from flows.screen import say, shorten, shown

_SHOWN = 5


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class AdoptOutcome(TimedOutcome):
    """Of `adopt-collection`.

    Attributes:
        collection: Its name in Qdrant.
        vectors: Named vectors that adopting added, or would add or take off.
        n_points: In it now.
        n_due, n_written, n_without_text: Points that lack vectors, that got them in this run, that have no text.
        n_cleared: Points that carried what `--undo` took off.
        without_text: Some of the points without text.
        dry_run: Nothing was written.
        k, b, avg_len, importance: Of its vectors, fixed at its adoption.
    """

    collection: str
    vectors: Sequence[str]
    n_points: int
    n_due: int | None = None
    n_written: int | None = None
    n_without_text: int | None = None
    n_cleared: int | None = None
    without_text: Sequence[str] = ()
    dry_run: bool = False
    k: float | None = None
    b: float | None = None
    avg_len: float | None = None
    importance: str | None = None

    def show(self) -> None:
        """What was added, would be added, or was removed; then the points that have no text."""
        name, vectors = shown(self["collection"]), ", ".join(map(shown, self["vectors"])) or "none"
        if "n_cleared" in self:
            verb = "would be taken off" if self["dry_run"] else "were taken off"
            say(f"{name}: {self['n_cleared']:,} of {self['n_points']:,} points carry what {verb}; vectors: {vectors}")
            return
        settings = f"k={self['k']}, b={self['b']}, avg_len={self['avg_len']:.1f}"
        settings += describe_importance(self.get("importance"))
        if self.get("dry_run"):
            say(f"{name}: {self['n_due']:,} of {self['n_points']:,} points would get the vectors {vectors}; {settings}")
            if "seconds_expected" in self:
                say(f"encoding them takes about {self['seconds_expected']:,.0f} s here, one worker")
                say(f"of {self['n_sampled']:,} points sampled {self['n_without_text']:,} have no text")
        else:
            say(
                f"{name}: {self['n_points']:,} points; {self['n_written']:,} written, {self['n_due']:,} left, "
                f"{self['n_without_text']:,} without text; vectors {vectors}; {settings}"
            )
        for problem in self.get("without_text", ())[:_SHOWN]:
            say(f"  [yellow]no text[/yellow] {shown(shorten(problem, 120))}")
        if message := self.get("message"):
            say(shown(message))
