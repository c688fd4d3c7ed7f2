"""What the flows need on a Prefect server: work pool, limits, automations, deployments. Run as often as you like.

`python -m deployments.setting_up` does all but the deployments, for those who register these with `prefect deploy`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate
from prefect.events.actions import DoNothing, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import ProcessWorker

from flows.orchestration import GATE_FAILED, HEARTBEAT, STALE_SECONDS, TAG, limit_name
from minicoil.errors import MiniCoilError
from tasks.catalogue import channel_names
from tasks.store import ObjectStore

POOL = "minicoil"
PREFECT = (sys.executable, "-m", "deployments.prefect_process", "--no-prompt")
PREFECT_FILE = Path(__file__).with_name("prefect.yaml")
NO_CORPUS = "no-corpus-was-configured"  # where schedules are off; a run by hand says that this file was not found
OWN_RUNS: dict[str, str | list[str]] = {"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"}


class SetUpError(MiniCoilError):
    """The server cannot be reached, or refuses what the flows need."""


async def set_up(channels: Sequence[str]) -> dict[str, list[str]]:
    """Create or correct work pool, limits and automations.

    Args:
        channels: Each gets a limit that lets one run at a time change it.

    Returns:
        Names of what stands now, by kind.

    Raises:
        SetUpError: the server does not answer.
    """
    try:
        async with get_client() as client:
            await _ensure_pool(client)
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
    return {"work_pools": [POOL], "limits": limits, "automations": made}


async def _ensure_pool(client: PrefectClient) -> None:
    try:
        found = await client.read_work_pool(POOL)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        pool = WorkPoolCreate(name=POOL, type="process", base_job_template=template, description="miniCOIL's flows")
        try:
            await client.create_work_pool(pool)
        except ObjectAlreadyExists:
            return  # somebody was faster
        return
    if found.type != "process":
        raise SetUpError(
            f"work pool '{POOL}' is of type {found.type}, expected process; rename or delete it, then deploy again"
        )


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


def register_deployments(corpus: str | None, reap_by_schedule: bool) -> list[str]:
    """Create or update every deployment of prefect.yaml; without a corpus their schedules are off.

    Raises:
        SetUpError: Prefect refused the file; the message ends with what it said.
    """
    environment = {
        **os.environ,
        "MINICOIL_NIGHTLY_CORPUS": corpus or NO_CORPUS,
        "MINICOIL_SCHEDULES": "true" if corpus else "false",
        "MINICOIL_REAP_SCHEDULE": "true" if reap_by_schedule else "false",
    }
    command = [*PREFECT, "deploy", "--all", "--prefect-file", str(PREFECT_FILE)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetUpError(f"the deployments were not registered: {(done.stdout + done.stderr).strip()[-1500:]}")
    return [f"{flow}/{name}" for flow, name in deployment_names()]


def deployment_names() -> list[tuple[str, str]]:
    """Flow and deployment names of prefect.yaml."""
    import yaml

    document: dict[str, Any] = yaml.safe_load(PREFECT_FILE.read_text("utf-8"))
    rows = document["deployments"]
    return [(row["entrypoint"].rsplit(".", 1)[1].replace("_", "-"), row["name"]) for row in rows]


def deploy(channels: Sequence[str], corpus: str | None, reap_by_schedule: bool) -> dict[str, list[str]]:
    """Everything, in the order in which it is needed."""
    asyncio.run(set_up(channels))
    deployed = register_deployments(corpus, reap_by_schedule)
    # the automation that reaps refers to a deployment by id
    return {**asyncio.run(set_up(channels)), "deployments": deployed}


def known_channels(store: ObjectStore, named: Sequence[str] = ()) -> list[str]:
    """Channels to make limits for: those named, those that were ever moved, and the default one."""
    return list(dict.fromkeys(["production", *named, *channel_names(store)]))


def _api_url() -> str:
    return os.environ.get("PREFECT_API_URL", "no address")


def main() -> None:
    """Set up all but the deployments on the server of PREFECT_API_URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channel", action="append", default=[], help="Beside production; may be repeated.")
    channels = ["production", *parser.parse_args().channel]
    for kind, names in asyncio.run(set_up(channels)).items():
        sys.stdout.write(f"{kind}: {', '.join(names)}\n")


if __name__ == "__main__":
    main()
