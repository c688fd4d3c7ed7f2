"""What several deployments share and people may change in the UI: variables of the Prefect server, made once.

prefect.yaml names them, so `prefect deploy --all` finds on the server what `minicoil deploy` put there, and both make
the same deployments. The corpus is looked up by each run as it begins; the others when deployments are registered.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate

from flows.upkeep import CORPUS_VARIABLE, read_specs
from minicoil.errors import UsageError

SCHEDULES, REAPING, TIME_ZONE = "minicoil_schedules", "minicoil_reaping", "minicoil_timezone"
Value = str | bool | list[str]


@dataclass(frozen=True)
class Shared:
    """What an operator says of the schedules; None leaves what the server has, or else the default.

    Attributes:
        corpus: SPEC of the nightly and weekly runs; an empty one switches them off. By default they are off.
        time_zone: In which their hours are meant, as Europe/Berlin. By default UTC.
        reap: Whether runs are reaped by schedule. By default they are.
    """

    corpus: str | None = None
    time_zone: str | None = None
    reap: bool | None = None

    def __post_init__(self) -> None:
        if self.corpus:
            read_specs(CORPUS_VARIABLE, self.corpus)
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise UsageError(
                    f"time zone '{self.time_zone}' is not known here; a name such as UTC or Europe/Berlin was expected"
                ) from error


async def ensure_variables(client: PrefectClient, shared: Shared) -> dict[str, Value]:
    """Set what was said, make what is missing; gives all by name."""
    corpus: list[str] | None = None if shared.corpus is None else [shared.corpus] if shared.corpus else []
    held = await _ensure(client, CORPUS_VARIABLE, corpus, [])
    return {
        CORPUS_VARIABLE: held,
        SCHEDULES: await _ensure(client, SCHEDULES, bool(held), False),
        TIME_ZONE: await _ensure(client, TIME_ZONE, shared.time_zone, "UTC"),
        REAPING: await _ensure(client, REAPING, shared.reap, True),
    }


async def _ensure(client: PrefectClient, name: str, wanted: Value | None, default: Value) -> Value:
    found = await client.read_variable_by_name(name)
    if found is None:
        value = default if wanted is None else wanted
        await client.create_variable(VariableCreate(name=name, value=value, tags=["minicoil"]))
        return value
    if wanted is None or found.value == wanted:
        kept: Value = found.value  # type: ignore[assignment]  # whatever a person put there; its reader checks it
        return kept
    await client.update_variable(VariableUpdate(name=name, value=wanted, tags=found.tags))
    return wanted
