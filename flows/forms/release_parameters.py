"""What a person may ask of the flows that move a channel to a release, or back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from flows.forms.expansion_parameters import ExpansionParameters
from flows.forms.place_parameters import ApprovalDays, ChannelParameters
from flows.forms.said import Said
from minicoil.files import Release


class PublishParameters(ChannelParameters):
    """Publish a model folder that was made elsewhere as a release of the channel."""

    folder: Annotated[str, Said(is_path=True)] = Field(
        min_length=1, title="Folder", description="On the worker: a complete model folder", examples=["/data/release-7"]
    )
    promote: Literal["here", "elsewhere", "no"] = Field(
        "here",
        title="Promote",
        description="here: re-encode in this run; elsewhere: leave it to reencode-collections, which the event starts",
    )
    approval_days: ApprovalDays = 14

    def path(self) -> Path:
        """The folder, absolute."""
        return Path(self.folder).expanduser().absolute()


class PromoteParameters(ExpansionParameters):
    """Approve a published release: move a channel to it, re-encoding its collections first."""

    release: Release = Field(title="Release", description="A published release's number", examples=[7])
    force: bool = Field(
        False,
        title="Force",
        description="Also promote a release whose time to be approved has passed, or on a channel whose document is "
        "damaged: that one is put aside",
    )


class RollbackParameters(ChannelParameters):
    """Point a channel back to its previous release; at once while that one's cells are still beside."""


class AbandonParameters(ChannelParameters):
    """Give up the release that a channel is being moved to; it stays published."""
