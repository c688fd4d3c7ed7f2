"""What the flows need on a Prefect server: pool, limits, variables, automations, deployments. Run as often as you like.

`python -m deployments.setting_up` does all but the deployments, for those who register these with `prefect deploy`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.events.actions import DoNothing, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from deployments.pools import KINDS, POOL, PREFECT_FILE, Pool, ensure_pool, write_deployments
from deployments.variables import Shared, Value, ensure_variables
from flows.orchestration import GATE_FAILED, limit_name
from flows.upkeep import HEARTBEAT, STALE_SECONDS, TAG
from minicoil.errors import MiniCoilError
from tasks.catalogue import channel_names
from tasks.store import ObjectStore

PREFECT = (sys.executable, "-m", "deployments.prefect_process", "--no-prompt")
NOTHING_SAID, DEFAULT_POOL = Shared(), Pool()
OWN_RUNS: dict[str, str | list[str]] = {"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"}


class SetUpError(MiniCoilError):
    """The server cannot be reached, or refuses what the flows need."""


@dataclass(frozen=True)
class Standing:
    """What stands on the server.

    Attributes:
        pool_type: Of the work pool.
        limits, automations: Their names.
        variables: Value by name.
    """

    pool: Pool
    pool_type: str
    limits: list[str]
    automations: list[str]
    variables: dict[str, Value]

    def row(self) -> dict[str, Any]:
        """For answers."""
        return {
            "work_pools": [self.pool.name],
            "limits": self.limits,
            "automations": self.automations,
            "variables": self.variables,
        }


async def set_up(channels: Sequence[str], shared: Shared = NOTHING_SAID, pool: Pool = DEFAULT_POOL) -> Standing:
    """Create or correct work pool, limits, variables and automations.

    Args:
        channels: Each gets a limit that lets one run at a time change it.
        shared: What the schedules share; what is not said stays as the server has it.
        pool: For the runs.

    Raises:
        SetUpError: the server does not answer.
        UsageError: the pool is there, and of another type.
    """
    try:
        async with get_client() as client:
            pool_type = await ensure_pool(client, pool)
            variables = await ensure_variables(client, shared)
            limits = [await _ensure_limit(client, channel) for channel in dict.fromkeys(channels)]
            made = [await _ensure_automation(client, automation) for automation in await automations(client)]
    except httpx.TransportError as error:
        raise SetUpError(
            f"the Prefect server at {_api_url()} does not answer ({type(error).__name__}); start it, or set "
            "PREFECT_API_URL to one that runs; a slow one may need more than PREFECT_API_REQUEST_TIMEOUT seconds"
        ) from error
    except httpx.HTTPStatusError as error:
        raise SetUpError(
            f"{_api_url()} refused {error.request.url.path} with status {error.response.status_code}; is it the /api "
            "address of a Prefect 3.8 server, and are you allowed to change it?"
        ) from error
    return Standing(pool, pool_type, limits, made, variables)


async def _ensure_limit(client: PrefectClient, channel: str) -> str:
    """One writer a channel. A limit that is there keeps its slots: somebody may hold one."""
    name = limit_name(channel)
    try:
        await client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        await client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=1, active=True))
    return name


async def automations(client: PrefectClient) -> list[AutomationCore]:
    """What the server does by itself: alerts that are seen under Automations and Events, and reaping of silent runs."""
    tellers = await _tellers(client)
    answer = [
        AutomationCore(
            name="minicoil: a release waits for approval",
            description="A gate refused to promote a release. Read its artifact; run promote-release or let it be.",
            trigger=EventTrigger(expect={GATE_FAILED}, posture=Posture.Reactive, threshold=1),
            actions=[*tellers] or [DoNothing()],
        ),
        AutomationCore(
            name="minicoil: a run crashed",
            description="A run's process died. Nothing is lost: run it again, it goes on where it stopped.",
            trigger=EventTrigger(
                match_related=OWN_RUNS,
                expect={"prefect.flow-run.Crashed"},
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=[DoNothing()],
        ),
    ]
    try:
        reaper = await client.read_deployment_by_name("reap-runs/every-ten-minutes")
    except ObjectNotFound:  # deployments come after; the second pass of a first deployment makes it
        return answer
    silence = EventTrigger(
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related=OWN_RUNS,
        after={HEARTBEAT},
        expect={HEARTBEAT, *(f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed"))},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=STALE_SECONDS),
    )
    no_settings: dict[str, Any] = {"parameters": {}}
    reaping = RunDeployment(source="selected", deployment_id=reaper.id, parameters=no_settings, job_variables=None)
    answer.append(
        AutomationCore(
            name="minicoil: a run's heartbeat stopped",
            description="No sign of life for a while, and no end either: what is dead is marked as crashed.",
            trigger=silence,
            actions=[reaping],
        )
    )
    return answer


async def _tellers(client: PrefectClient) -> list[RunDeployment]:
    """What delivers an alert at once: a look that tells people. Its own failure starts nothing, or it had no end."""
    try:
        teller = await client.read_deployment_by_name("show-status/hourly")
    except ObjectNotFound:  # deployments come after; the second pass of a first deployment makes it
        return []
    alert: dict[str, Any] = {"parameters": {"alert": True}}
    return [RunDeployment(source="selected", deployment_id=teller.id, parameters=alert, job_variables=None)]


async def _ensure_automation(client: PrefectClient, wanted: AutomationCore) -> str:
    found = await client.read_automations_by_name(wanted.name)
    for double in found[1:]:
        await client.delete_automation(double.id)
    if not found:
        await client.create_automation(wanted)
    else:  # switched off by a person: it stays off
        await client.update_automation(found[0].id, wanted.model_copy(update={"enabled": found[0].enabled}))
    return wanted.name


def register_deployments(standing: Standing) -> list[str]:
    """Create or update every deployment of prefect.yaml, on the pool that stands; with Prefect's own command.

    Raises:
        SetUpError: Prefect refused the file; the message ends with what it said.
    """
    with TemporaryDirectory() as folder:
        path = PREFECT_FILE
        if (standing.pool.name, standing.pool_type) != (POOL, "process"):
            path = Path(folder) / PREFECT_FILE.name
            write_deployments(standing.pool, standing.pool_type, path)
        command = [*PREFECT, "deploy", "--all", "--prefect-file", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetUpError(f"the deployments were not registered: {(done.stdout + done.stderr).strip()[-1500:]}")
    return [f"{flow}/{name}" for flow, name in deployment_names()]


def deployment_names() -> list[tuple[str, str]]:
    """Flow and deployment names of prefect.yaml."""
    import yaml

    document: dict[str, Any] = yaml.safe_load(PREFECT_FILE.read_text("utf-8"))
    rows = document["deployments"]
    return [(row["entrypoint"].rsplit(".", 1)[1].replace("_", "-"), row["name"]) for row in rows]


def deploy(channels: Sequence[str], shared: Shared, pool: Pool) -> dict[str, Any]:
    """Everything, in the order in which it is needed."""
    deployed = register_deployments(asyncio.run(set_up(channels, shared, pool)))
    # the automation that reaps refers to a deployment by id
    return {**asyncio.run(set_up(channels, shared, pool)).row(), "deployments": deployed}


def known_channels(store: ObjectStore, named: Sequence[str] = ()) -> list[str]:
    """Channels to make limits for: those named, those that were ever moved, and the default one."""
    return list(dict.fromkeys(["production", *named, *channel_names(store)]))


def _api_url() -> str:
    return os.environ.get("PREFECT_API_URL", "no address")


def main() -> None:
    """Set up all but the deployments on the server of PREFECT_API_URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channel", action="append", default=[], help="Beside production; may be repeated.")
    parser.add_argument("--pool", default=POOL, help="Work pool for the runs.")
    parser.add_argument("--pool-type", choices=KINDS, help="Of a pool that is made; by default process.")
    parser.add_argument("--image", help="Of the containers of a docker or kubernetes pool.")
    parser.add_argument("--write", type=Path, help="File for `prefect deploy --all --prefect-file`, on that pool.")
    asked = parser.parse_args()
    try:
        pool = Pool(asked.pool, asked.pool_type, asked.image)
        standing = asyncio.run(set_up(["production", *asked.channel], pool=pool))
    except MiniCoilError as error:
        parser.exit(1, f"{error}\n")
    if asked.write is not None:
        write_deployments(standing.pool, standing.pool_type, asked.write)
    for kind, names in standing.row().items():
        sys.stdout.write(f"{kind}: {', '.join(names)}\n")


if __name__ == "__main__":
    main()
