"""Alerts delivered to people: by webhook, by mail, and not again every hour while nothing has changed."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tenacity
from pydantic import BaseModel, ConfigDict

from minicoil.errors import UsageError
from minicoil.files import parse_json, write_json, write_whole
from tasks.settings import Settings
from tasks.store import name_damage
from tasks.watch.notices import Notice

MEMORY = "alerts.json"
TRIES = 3
WAIT_SECONDS: list[float] = [1.0, 5.0]
TIMEOUT_SECONDS = 15.0


class AlertMemory(BaseModel):
    """What was seen and told before, in a home.

    Attributes:
        seen: Key of a notice -> ISO time since when it is there.
        told: Key of an alert -> ISO time it was delivered last.
    """

    model_config = ConfigDict(frozen=True)

    seen: dict[str, str] = {}
    told: dict[str, str] = {}


def read_memory(home: Path) -> AlertMemory:
    """What a home remembers; nothing where it never alerted, or where the file is damaged, which is told."""
    path = home / MEMORY
    try:
        memory = AlertMemory.model_validate(parse_json(path.read_text(encoding="utf-8")))
        for at in (*memory.seen.values(), *memory.told.values()):
            _age(at)
        return memory
    except FileNotFoundError:
        return AlertMemory()
    except (OSError, ValueError, TypeError) as error:
        name_damage(MEMORY, f"{path} cannot be read ({type(error).__name__}); alerts are told as if for the first time")
        return AlertMemory()


@dataclass(frozen=True)
class Delivery:
    """What became of one way of telling.

    Attributes:
        way: webhook or e-mail.
        to: The host, or the addresses; never the secret part of an address.
        error: Why it did not arrive; "" where it did.
    """

    way: str
    to: str
    error: str = ""

    def row(self) -> dict[str, Any]:
        """For answers."""
        return dict(vars(self))


@dataclass(frozen=True)
class Alarm:
    """What is to be told now.

    Attributes:
        alerts: New, or told so long ago that they are told again.
        resolved: Keys of what was told before and is so no more.
        where: Home and store, for people with several.
    """

    alerts: Sequence[Notice]
    resolved: Sequence[str] = ()
    where: dict[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """One line."""
        if not self.alerts:
            return f"minicoil: resolved: {', '.join(self.resolved)}"
        more = f" and {len(self.alerts) - 1} more" if len(self.alerts) > 1 else ""
        return f"minicoil: {self.alerts[0].kind}: {self.alerts[0].about}{more}"

    @property
    def text(self) -> str:
        """Every alert with what to do about it, a paragraph each."""
        lines = [
            f"[{a.kind}] {a.about}: {a.message}" + (f"\n    {a.command}" if a.command else "") for a in self.alerts
        ]
        lines += [f"[resolved] {key}" for key in self.resolved]
        lines.append(", ".join(f"{name} {value}" for name, value in self.where.items()))
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """What a webhook gets; `text` is what chat services show."""
        rows = [alert.row() for alert in self.alerts]
        return {"text": f"{self.subject}\n{self.text}", "alerts": rows, "resolved": [*self.resolved], **self.where}


def tell_alerts(
    home: Path, notices: Sequence[Notice], where: dict[str, str], settings: Settings, now: datetime | None = None
) -> list[Delivery]:
    """Deliver what is new or due to be repeated, and remember what arrived.

    What no way delivered counts as not told, and is tried again the next time.

    Args:
        home: Has the memory.
        notices: All that there are now; alerts are told, and all are remembered by when they were first seen.
        where: For whoever reads it.
        settings: Has the ways.
        now: For tests.

    Raises:
        UsageError: the ways contradict themselves.
    """
    ways = _ways(settings)
    now = now or datetime.now(UTC)
    memory, stamp = read_memory(home), now.isoformat(timespec="seconds")
    alerts = {notice.key: notice for notice in notices if notice.is_alert}
    repeat = settings.alert_repeat_hours
    fresh = [a for key, a in alerts.items() if key not in memory.told or _age(memory.told[key], now) >= repeat]
    alarm = Alarm(fresh, sorted(memory.told.keys() - alerts.keys()), where)
    done = [deliver(alarm) for deliver in ways] if alarm.alerts or alarm.resolved else []
    told = {key: at for key, at in memory.told.items() if key in alerts}
    if any(not delivery.error for delivery in done):
        told |= {alert.key: stamp for alert in fresh}
    elif ways:
        told = dict(memory.told)
    seen = {notice.key: memory.seen.get(notice.key, stamp) for notice in notices}
    home.mkdir(parents=True, exist_ok=True)
    write_whole(home / MEMORY, write_json(AlertMemory(seen=seen, told=told).model_dump(), indent=1))
    return done


def _age(at: str, now: datetime | None = None) -> float:
    """Hours since an ISO time."""
    return ((now or datetime.now(UTC)) - datetime.fromisoformat(at)).total_seconds() / 3600


def _ways(settings: Settings) -> list[Callable[[Alarm], Delivery]]:
    ways: list[Callable[[Alarm], Delivery]] = []
    if settings.alert_webhook_url is not None:
        url = settings.alert_webhook_url.get_secret_value()
        host = urlsplit(url).hostname or ""
        if urlsplit(url).scheme not in ("http", "https") or not host:  # not repeated: it is a secret
            raise UsageError("MINICOIL_ALERT_WEBHOOK_URL is no http or https address; give https://host/path")
        ways.append(lambda alarm: _tried("webhook", host, lambda: _post(url, alarm)))
    if settings.alert_email_to is not None or settings.smtp_host is not None:
        to, sender, server = settings.alert_email_to, settings.alert_email_from, settings.smtp_host
        given = {"MINICOIL_ALERT_EMAIL_TO": to, "MINICOIL_ALERT_EMAIL_FROM": sender, "MINICOIL_SMTP_HOST": server}
        if missing := [name for name, value in given.items() if not value]:
            raise UsageError(f"alerts by mail need {', '.join(missing)} too; set it, or unset the others")
        ways.append(lambda alarm: _tried("e-mail", str(to), lambda: _mail(settings, alarm)))
    return ways


def has_way(settings: Settings) -> bool:
    """Whether alerts can be told to anybody."""
    return bool(_ways(settings))


class _NotDelivered(Exception):
    """It did not arrive; `is_final`: trying again is of no use."""

    def __init__(self, message: str, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


def _tried(way: str, to: str, deliver: Callable[[], None]) -> Delivery:
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, _NotDelivered) and not error.is_final),
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_chain(*map(tenacity.wait_fixed, WAIT_SECONDS)),
        reraise=True,
    )
    try:
        retrying(deliver)
    except _NotDelivered as failure:
        return Delivery(way, to, str(failure))
    return Delivery(way, to)


def _post(url: str, alarm: Alarm) -> None:
    import httpx

    try:
        answer = httpx.post(url, json=alarm.document(), timeout=TIMEOUT_SECONDS, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:  # their messages may hold the address, which is a secret
        raise _NotDelivered(f"no answer ({type(error).__name__})") from None
    if not answer.is_success:
        is_final = 300 <= answer.status_code < 500 and answer.status_code not in (408, 429)
        raise _NotDelivered(f"it answered {answer.status_code}", is_final)


def _mail(settings: Settings, alarm: Alarm) -> None:
    message = EmailMessage()
    message["Subject"] = " ".join(alarm.subject.split())[:200]
    message["From"] = settings.alert_email_from
    message["To"] = settings.alert_email_to
    message.set_content(alarm.text)
    try:
        with _mail_server(settings) as server:
            if settings.smtp_security == "starttls":
                server.starttls(context=ssl.create_default_context())  # smtplib's own looks at no certificate
            if settings.smtp_user is not None:
                password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
                server.login(settings.smtp_user, password)
            refused = server.send_message(message)
    except smtplib.SMTPResponseException as error:  # its text may repeat what was sent, a password included
        raise _NotDelivered(f"the mail server answered {error.smtp_code}", error.smtp_code >= 500) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _NotDelivered(f"{type(error).__name__} at {settings.smtp_host}:{settings.smtp_port}") from None
    if refused:
        raise _NotDelivered(f"{len(refused)} of the addresses were refused", is_final=True)


def _mail_server(settings: Settings) -> smtplib.SMTP:
    host, port = settings.smtp_host or "", settings.smtp_port
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
