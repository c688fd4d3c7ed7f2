"""`minicoil release ...`: what is published, which release is served, and how to move between them."""

from __future__ import annotations

from typing import Any

import click

from flows.command_line.completion import complete_releases_and_channels
from flows.command_line.form_options import CommandGroup, options_of
from flows.command_line.options import common_options, open_place, run_flow


@click.group(cls=CommandGroup)
def release() -> None:
    """List, show, push, pull, verify, promote, abandon and roll back releases."""


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
@click.argument("directory", type=click.Path(), required=False)
@common_options
def release_pull(place: dict[str, Any], name: str, directory: str | None) -> Any:
    """Copy a release (number, channel NAME or hf:owner/name[@revision]) into DIRECTORY, checked file by file."""
    from tasks.report import pull

    return pull(open_place(place), name, directory)


@release.command("push")
@click.argument("address")
@click.option(
    "--release",
    "name",
    default="production",
    show_default=True,
    shell_complete=complete_releases_and_channels,
    help="Number of a release, or a channel.",
)
@click.option("--public", is_flag=True, help="Everybody may see it, report and card included; else it is private.")
@common_options
def release_push(place: dict[str, Any], address: str, name: str, public: bool) -> Any:
    """Push a release to a hub (hf:owner/name), its number the revision; token and address as the hub's client has."""
    from tasks.hub import HubAddress, push_release

    return push_release(open_place(place), HubAddress.read(address), name, public)


@release.command("verify")
@click.argument("name", shell_complete=complete_releases_and_channels)
@common_options
def release_verify(place: dict[str, Any], name: str) -> Any:
    """Re-read and re-hash every file of a release."""
    from tasks.report import verify

    return verify(open_place(place), name)


@release.command("promote")
@options_of("PromoteParameters", "release")
@common_options
def release_promote(place: dict[str, Any], **values: Any) -> Any:
    """Re-encode the channel's collections for RELEASE, then move the channel to it; approves one that waits."""
    return run_flow("promote-release", {**place, **values})


@release.command("publish")
@options_of("PublishParameters", "folder")
@common_options
def release_publish(place: dict[str, Any], **values: Any) -> Any:
    """Publish a model FOLDER made elsewhere as a release of the channel."""
    return run_flow("publish-release", {**place, **values})


@release.command("waiting")
@common_options
def release_waiting(place: dict[str, Any]) -> Any:
    """Releases that a gate refused and that wait for a person."""
    from tasks.catalogue import list_waiting

    rows = list_waiting(open_place(place).objects())
    return {"waiting": [{**row.model_dump(mode="json"), "expired": row.has_expired} for row in rows]}


@release.command("rollback")
@options_of("RollbackParameters")
@common_options
def release_rollback(place: dict[str, Any], **values: Any) -> Any:
    """Point the channel back to its previous release; instant while its cells are still there."""
    from flows.forms import RollbackParameters, fill_in
    from flows.outcomes import RollbackOutcome
    from tasks.rewriting import roll_back_channel

    parameters = fill_in(RollbackParameters, "rollback-release", {**place, **values})
    return RollbackOutcome.of(roll_back_channel(parameters.place(), parameters.channel))


@release.command("abandon")
@options_of("AbandonParameters")
@common_options
def release_abandon(place: dict[str, Any], **values: Any) -> Any:
    """Give up a promotion that cannot end: its cells go, the channel stays, the release stays published."""
    return run_flow("abandon-promotion", {**place, **values})


@release.command("prune")
@click.option("--keep", type=click.IntRange(0, 1000), default=3, show_default=True, help="Newest releases to keep.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@common_options
def release_prune(place: dict[str, Any], keep: int, dry_run: bool) -> Any:
    """Delete releases that no channel, collection or reader needs."""
    from tasks.releases import prune_releases

    return prune_releases(open_place(place).objects(), keep, dry_run)


@release.command("readers")
@options_of("ReadersParameters")
@common_options
def release_readers(place: dict[str, Any], **values: Any) -> Any:
    """Who reads which release, and whose cells wait for them; or confirm, register, declare."""
    from flows.forms import ReadersParameters, fill_in
    from flows.outcomes import ReadersOutcome
    from tasks.readers import settle_readers

    parameters = fill_in(ReadersParameters, "settle-readers", {**place, **values})
    return ReadersOutcome.of(settle_readers(parameters.place(), parameters.request()))


@release.command("audit")
@common_options
def release_audit(place: dict[str, Any]) -> Any:
    """Who did what, and when: documents forgotten, releases pruned, readers confirmed gone or registered."""
    from tasks.store import list_deeds

    return {"deeds": [deed.model_dump() for deed in list_deeds(open_place(place).objects())]}
