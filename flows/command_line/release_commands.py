"""`minicoil release ...`: what is published, which release is served, and how to move between them."""

from __future__ import annotations

from typing import Any

import click

from flows.command_line.completion import complete_collections, complete_releases, complete_releases_and_channels
from flows.command_line.options import channel_option, common_options, expansion_options, open_place, run_flow


@click.group()
def release() -> None:
    """List, show, pull, verify, promote, abandon and roll back releases."""


@release.command("list")
@common_options
def release_list(place: dict[str, Any]) -> Any:
    """Every complete release, newest last, and the channels that point to them."""
    from tasks.report import list_all_releases

    return list_all_releases(open_place(place))


@release.command("show")
@click.argument("name", shell_complete=complete_releases_and_channels)
@common_options
def release_show(place: dict[str, Any], name: str) -> Any:
    """One release by number or channel NAME."""
    from tasks.report import show_release

    return show_release(open_place(place), name)


@release.command("pull")
@click.argument("name", shell_complete=complete_releases_and_channels)
@click.argument("directory", type=click.Path())
@common_options
def release_pull(place: dict[str, Any], name: str, directory: str) -> Any:
    """Copy a release (number or channel NAME) into DIRECTORY, checked file by file."""
    from tasks.report import pull

    return pull(open_place(place), name, directory)


@release.command("verify")
@click.argument("name", shell_complete=complete_releases_and_channels)
@common_options
def release_verify(place: dict[str, Any], name: str) -> Any:
    """Re-read and re-hash every file of a release."""
    from tasks.report import verify

    return verify(open_place(place), name)


@release.command("promote")
@click.argument("number", type=int, shell_complete=complete_releases)
@channel_option
@expansion_options
@click.option("--force", is_flag=True, help="Also after its time to be approved, or on a damaged channel.")
@common_options
def release_promote(place: dict[str, Any], number: int, **values: Any) -> Any:
    """Re-encode the channel's collections for release NUMBER, then move the channel to it; approves one that waits."""
    return run_flow("promote-release", {**place, **values, "release": number})


@release.command("publish")
@click.argument("folder", type=click.Path())
@channel_option
@click.option(
    "--promote",
    type=click.Choice(["here", "elsewhere", "no"]),
    default="here",
    show_default=True,
    help="Re-encode in this run, leave it to reencode-collections, or publish only.",
)
@common_options
def release_publish(place: dict[str, Any], folder: str, channel: str, promote: str) -> Any:
    """Publish a model FOLDER made elsewhere as a release of the channel."""
    return run_flow("publish-release", {**place, "folder": folder, "channel": channel, "promote": promote})


@release.command("waiting")
@common_options
def release_waiting(place: dict[str, Any]) -> Any:
    """Releases that a gate refused and that wait for a person."""
    from tasks.catalogue import list_waiting

    rows = list_waiting(open_place(place).objects())
    return {"waiting": [{**row.model_dump(mode="json"), "expired": row.has_expired} for row in rows]}


@release.command("rollback")
@channel_option
@common_options
def release_rollback(place: dict[str, Any], channel: str) -> Any:
    """Point the channel back to its previous release; instant while its cells are still there."""
    from tasks.collections import roll_back_channel

    return roll_back_channel(open_place(place), channel)


@release.command("abandon")
@channel_option
@common_options
def release_abandon(place: dict[str, Any], channel: str) -> Any:
    """Give up a promotion that cannot end: its cells go, the channel stays, the release stays published."""
    return run_flow("abandon-promotion", {**place, "channel": channel})


@release.command("prune")
@click.option("--keep", type=click.IntRange(0, 1000), default=3, show_default=True, help="Newest releases to keep.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@common_options
def release_prune(place: dict[str, Any], keep: int, dry_run: bool) -> Any:
    """Delete releases that no channel, collection or reader needs."""
    from tasks.releases import prune_releases

    return prune_releases(open_place(place).objects(), keep, dry_run)


@release.command("readers")
@channel_option
@click.option(
    "--collection",
    "collections",
    multiple=True,
    shell_complete=complete_collections,
    help="With --ack, --known and --unknown; default: every collection on the channel.",
)
@click.option(
    "--ack",
    "acknowledged",
    multiple=True,
    shell_complete=complete_releases,
    help="Confirm that nobody reads this release any more, or 'all' that are not served: their cells may go.",
)
@click.option("--register", "name", help="Register a reader that says nothing itself; with --release.")
@click.option("--release", type=click.IntRange(1), shell_complete=complete_releases, help="What it was given.")
@click.option("--days", type=float, help="Until it counts as gone; default: for ever.")
@click.option("--unregister", help="Take a registered reader off the list.")
@click.option("--known/--unknown", default=None, help="Whether all readers follow the channel or are registered.")
@common_options
def release_readers(place: dict[str, Any], **values: Any) -> Any:
    """Who reads which release, and whose cells wait for them; or confirm, register, declare."""
    from tasks.catalogue import ReadersRequest, settle_readers

    return settle_readers(open_place(place), ReadersRequest(**values))


@release.command("audit")
@common_options
def release_audit(place: dict[str, Any]) -> Any:
    """Who did what, and when: documents forgotten, releases pruned, readers confirmed gone or registered."""
    from tasks.store import list_deeds

    return {"deeds": [deed.model_dump() for deed in list_deeds(open_place(place).objects())]}
