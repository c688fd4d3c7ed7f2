"""The state of the whole service on one page: channels, runs, schedules, and what a person should know of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flows.orchestration import PrefectServer, named
from flows.upkeep import PastRun, hours_since, last_success, newest_by_flow, read_runs
from minicoil.errors import CollectionError, EngineUnavailableError, MiniCoilError, StoreError
from tasks.catalogue import ChannelState, list_channels, look_for_waiting, read_registry
from tasks.disk import lock_holder
from tasks.place import Place
from tasks.readers import look_for_readers
from tasks.settings import Settings, settings_at
from tasks.store import forget_damage, named_damage
from tasks.watch import (
    ChannelStatus,
    Look,
    Notice,
    channel_status,
    has_way,
    in_order,
    read_memory,
    shown_time,
    tell_alerts,
)

if TYPE_CHECKING:
    from flows.upkeep import Schedule, ServerView

_PROMOTING = ("reencode-collections", "promote-release", "extend-vocabulary", "retrain-words", "publish-release")
_FAILURE_DAYS = 7.0  # a failure that nobody repeated for so long is history, and no reason to wake anybody
_COVERED = "collections/"  # damaged records of collections have a notice of their own


@dataclass(frozen=True)
class ServiceStatus:
    """What one look found.

    Attributes:
        channels: By name.
        runs: The newest of each flow that keeps the service's promise.
        success: The newest of all that ended well.
        schedules: Of the Prefect server, where one is named.
        notices: The most urgent first.
    """

    place: Place
    channels: Sequence[ChannelStatus]
    runs: Sequence[PastRun]
    success: PastRun | None
    schedules: Sequence[Schedule]
    notices: Sequence[Notice]

    @property
    def where(self) -> dict[str, str]:
        """Home and store, for people with several."""
        return {"home": str(self.place.home), "store": self.place.store_url}

    def document(self) -> dict[str, Any]:
        """The answer, as JSON."""
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            **self.where,
            "healthy": not any(notice.is_alert for notice in self.notices),
            "channels": [channel.row() for channel in self.channels],
            "last_success": self.success.row() if self.success else None,
            "runs": [run.row() for run in self.runs],
            "schedules": [schedule.row() for schedule in self.schedules],
            "notices": [notice.row() for notice in self.notices],
            "next": next((notice.command for notice in self.notices if notice.command), None),
        }


def report_status(place: Place, server: PrefectServer | None, alert: bool = False) -> dict[str, Any]:
    """One page about a service; with `alert`, people are told of what is wrong, and `refused` says that something is.

    Args:
        place: Where.
        server: Prefect's, where one keeps the runs.
        alert: Deliver what is new, and remember it in the home; else nothing is written anywhere.
    """
    settings = settings_at(place.home)
    status = look_at_service(place, server, settings)
    document = status.document()
    if not alert:
        return document
    told = tell_alerts(place.home, status.notices, status.where, settings)
    document["delivered"] = [delivery.row() for delivery in told]
    failed = [delivery for delivery in told if delivery.error]
    document["refused"] = not document["healthy"] or bool(failed)
    if failed:
        document["message"] = "; ".join(f"{d.way} to {d.to} was not delivered: {d.error}" for d in failed)
    elif not has_way(settings):
        document["message"] = (
            "nobody is told: set MINICOIL_ALERT_WEBHOOK_URL, or MINICOIL_ALERT_EMAIL_TO, MINICOIL_ALERT_EMAIL_FROM and "
            "MINICOIL_SMTP_HOST; the exit status alone says that something is wrong"
        )
    return document


def look_at_service(place: Place, server: PrefectServer | None, settings: Settings) -> ServiceStatus:
    """Everything that can be found out, whatever else cannot."""
    forget_damage(keep_aside=True)
    notices: list[Notice] = []
    view = _look_at_server(server, notices)
    runs = [*read_runs(place.home), *(view.runs if view else ())]
    busy = _who_works(place, runs)
    if busy:
        notices.append(Notice("lock", "home", busy))
    channels = _look_at_channels(place, busy, notices)
    newest, success = newest_by_flow(runs), last_success(runs)
    notices += [_paused(notice, runs, settings) for channel in channels for notice in channel.notices]
    notices += _of_failures(newest)
    schedules = view.schedules if view else ()
    notices += _of_schedules(schedules, view.late if view else (), settings.alert_silence_hours)
    if channels and not any(schedule.is_on for schedule in schedules):
        notices += _of_absence(success, settings.alert_silence_hours)
    damaged = [d for d in named_damage() if _COVERED not in d.what and not d.is_aside]
    notices += [Notice("damaged", d.what, d.message, is_alert=True) for d in damaged]
    aged = [_aged(notice, read_memory(place.home).seen, settings.alert_due_hours) for notice in notices]
    return ServiceStatus(place, channels, newest, success, schedules, in_order(aged))


def look_at_channels(place: Place) -> Sequence[ChannelStatus]:
    """Channels alone, for who looks every minute: without runs and schedules, and so without who is at work.

    Raises:
        StoreError: the object store does not answer.
    """
    notices: list[Notice] = []
    channels = _look_at_channels(place, "", notices)
    for notice in notices:
        if notice.kind == "unreachable":
            raise StoreError(notice.message)
    return channels


def _look_at_server(server: PrefectServer | None, notices: list[Notice]) -> ServerView | None:
    if server is None:
        return None
    with named(server):
        from flows.orchestration import ignore_working_folder

        ignore_working_folder()
        from flows.upkeep import look_at_server

        try:
            return look_at_server()
        except MiniCoilError as error:
            notices.append(Notice("unreachable", "Prefect server", str(error), is_alert=True))
            return None


def _who_works(place: Place, runs: Sequence[PastRun]) -> str:
    holder = lock_holder(place.home)
    if holder is not None:
        return holder.message
    running = [run for run in newest_by_flow(runs) if run.state == "Running"]
    return "; ".join(f"{run.flow} runs since {shown_time(run.started)}" for run in running)


def _look_at_channels(place: Place, busy: str, notices: list[Notice]) -> list[ChannelStatus]:
    try:
        store = place.objects()
        states, damaged_channels = list_channels(store)
        registry = read_registry(store)
        waiting, _ = look_for_waiting(store)
        look_for_readers(store)  # damage of a registration is named by it
    except StoreError as error:
        notices.append(Notice("unreachable", "object store", str(error), is_alert=True))
        return []
    by_name = {state.name: state for state in states}
    named_ones = {record.channel for record in registry.records} - set(damaged_channels)
    for name in sorted(named_ones - by_name.keys()):
        by_name[name] = ChannelState(name=name)
    homeless = [found for found in registry.damaged if found.channel not in by_name]
    notices += [Notice("unsafe", f"collection {d.name}", str(d.error), is_alert=True) for d in homeless]
    with ExitStack() as stack:
        look = _open_engine(stack, place, busy) if registry.records else Look(place, None, busy=busy)
        return [
            channel_status(
                look,
                by_name[name],
                [record for record in registry.records if record.channel == name],
                [found for found in registry.damaged if found.channel == name],
                [entry for entry in waiting if entry.channel == name],
            )
            for name in sorted(by_name)
        ]


def _open_engine(stack: ExitStack, place: Place, busy: str) -> Look:
    """Asked once whether it answers: each collection would wait half a minute for it."""
    try:
        points = stack.enter_context(place.points())
        points.names()
    except (EngineUnavailableError, CollectionError) as error:
        return Look(place, None, str(error), busy)
    return Look(place, points, busy=busy)


def _paused(notice: Notice, runs: Sequence[PastRun], settings: Settings) -> Notice:
    """A promotion that a run ended well in the middle of is none that broke off: its budget or its window was spent."""
    if notice.kind != "interrupted" or notice.since is None:
        return notice
    ends = [run.ended for run in runs if run.flow in _PROMOTING and run.state == "Completed" and run.ended]
    after = [at for at in ends if hours_since(at) < min(hours_since(notice.since), settings.alert_silence_hours)]
    if not after:
        return notice
    text = f"{notice.message}. A run ended well {shown_time(max(after))}: it paused, or left it to the next one"
    return replace(notice, message=text, is_alert=False)


def _of_failures(newest: Sequence[PastRun]) -> Iterator[Notice]:
    for run in newest:
        if not run.is_bad:
            continue
        what = "was killed" if run.state == "Killed" else run.state.lower()
        text = f"its newest run {what}, begun {shown_time(run.started)}"
        text += f": {run.message}" if run.message else "; what it had finished is kept: run the same again"
        yield Notice("failure", run.flow, text, None, run.started, hours_since(run.started) < 24 * _FAILURE_DAYS)


def _of_schedules(schedules: Sequence[Schedule], late: Sequence[str], silence: float) -> Iterator[Notice]:
    for schedule in schedules:
        if not schedule.is_on:
            text = "its schedule is off" if schedule.is_configured else "its schedule was never on: no corpus was given"
            yield Notice("schedule", schedule.name, text, "minicoil deploy --corpus SPEC", None, schedule.is_configured)
            continue
        patience = silence * max((schedule.hours or 24.0) / 24.0, 1.0)  # of a weekly one seven times a nightly one's
        if hours_since(schedule.since) > patience:
            had = "its newest success ended" if schedule.has_succeeded else "it never succeeded since it was deployed"
            text = f"{had} {shown_time(schedule.since)}, and {patience:.0f} h is the most that is allowed"
            yield Notice("absence", schedule.name, text, None, schedule.since, is_alert=True)
    for name in late:
        text = "it should have begun more than half an hour ago: no worker takes it"
        yield Notice("schedule", name, text, "prefect worker start --pool minicoil", None, is_alert=True)


def _of_absence(success: PastRun | None, silence: float) -> Iterator[Notice]:
    if success is None:
        text = "no run that ended well is on record here; is this the home and the server that keep the runs?"
        yield Notice("absence", "service", text, None, None, is_alert=True)
        return
    at = success.ended or success.started
    if hours_since(at) > silence:
        text = (
            f"nothing succeeded since {shown_time(at)}, when {success.flow} did; "
            f"{silence:.0f} h is the most that is allowed (MINICOIL_ALERT_SILENCE_HOURS)"
        )
        yield Notice("absence", "service", text, "minicoil reencode", at, is_alert=True)


def _aged(notice: Notice, seen: Mapping[str, str], hours: float) -> Notice:
    """Points that wait for so long are an alert; since when is known where somebody looked with --alert."""
    if notice.kind != "due" or notice.key not in seen:
        return notice
    since = seen[notice.key]
    return replace(notice, since=since, is_alert=hours_since(since) > hours)
