"""What a person may ask of flows that re-encode: which collections, how hard they may press, and until when."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import Field

from flows.forms.place_parameters import ChannelParameters, Collections, Part, PointsBudget, Window, read_part
from minicoil.files import Hours, Positive
from tasks.catalogue import GRACE_HOURS

if TYPE_CHECKING:
    from tasks.rewriting import Allowance, ExpansionOptions


class BudgetParameters(ChannelParameters):
    """A flow that may re-encode: how many points it may write tonight, and at which hours."""

    points_budget: PointsBudget = None
    window: Window = None

    @cached_property
    def allowance(self) -> Allowance:
        """What this run may write, all its steps together."""
        from tasks.rewriting import Allowance

        return Allowance(self.points_budget, self.window)

    @property
    def expansion(self) -> ExpansionOptions:
        """How its promotions re-encode."""
        from tasks.rewriting import ExpansionOptions  # brings the whole room in, which options do without

        return ExpansionOptions(allowance=self.allowance)


class ExpansionParameters(BudgetParameters):
    """A flow that is there to re-encode: how hard it may press, and what it may leave behind."""

    points_per_second: Positive | None = Field(
        None, title="Points per second", description="Most points written a second; empty: as fast as it goes"
    )
    allow_missing_text: bool = Field(
        False,
        title="Allow missing text",
        description="Go on although points whose text is gone vanish for changed words",
    )

    @property
    def expansion(self) -> ExpansionOptions:
        """How it re-encodes."""
        return replace(
            super().expansion, points_per_second=self.points_per_second, allow_missing_text=self.allow_missing_text
        )


class ReencodeParameters(ExpansionParameters):
    """Bring collections to the release that their channel serves or is about to serve."""

    collections: Collections = []
    contract: bool = Field(False, title="Contract", description="Drop the previous release's cells now; ends rollback")
    grace_hours: Hours = Field(
        GRACE_HOURS, title="Grace", description="Hours after a move until the previous release's cells go"
    )
    part: Part = None
    dry_run: bool = Field(False, title="Dry run", description="Only say which points would be rewritten, and why")

    @property
    def expansion(self) -> ExpansionOptions:
        """How it re-encodes its share of the points."""
        return replace(super().expansion, part=read_part(self.part))
