"""Work pools: where runs go, and what prefect.yaml says a run needs on a pool of each type.

A pool of type process is this program's own; docker and kubernetes start a container of its image for every run, by
a worker with `prefect-docker` or `prefect-kubernetes`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import prefect
import yaml
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.base import BaseWorker

from minicoil.errors import UsageError
from minicoil.files import parse_json
from tasks.settings import has_secret

POOL = "minicoil"
PREFECT_FILE = Path(__file__).with_name("prefect.yaml")
KINDS = ("process", "docker", "kubernetes")
_ADDRESSES = (
    *("MINICOIL_STORE", "MINICOIL_QDRANT_URL", "MINICOIL_S3_ENDPOINT_URL", "MINICOIL_S3_REGION"),
    "MINICOIL_STORE_HTTP_URL",
)
# what Prefect itself ships of worker types that are packages of their own; a server would ask the internet for it
_KNOWN_TYPES = Path(prefect.__file__).parent / "server/api/collections_data/views/aggregate-worker-metadata.json"


@dataclass(frozen=True)
class Pool:
    """A work pool that the deployments use.

    Attributes:
        name: On the server.
        kind: process, docker or kubernetes; None: as the server has it, else process.
        image: Of a container, in the place of the one that prefect.yaml names.
    """

    name: str = POOL
    kind: str | None = None
    image: str | None = None

    def __post_init__(self) -> None:
        if self.image is not None and self.kind == "process":
            raise UsageError("an image is for pools of type docker or kubernetes; leave --image out")


async def ensure_pool(client: PrefectClient, pool: Pool) -> str:
    """Make the pool if it is missing; gives its type.

    Raises:
        UsageError: it is there with another type than was asked for, or of a type that prefect.yaml has no job for.
    """
    try:
        found = await client.read_work_pool(pool.name)
    except ObjectNotFound:
        kind = pool.kind or "process"
        template = base_job_template(kind)
        if kind != "process":
            template["variables"]["properties"]["env"]["default"] = _addresses()
        wanted = WorkPoolCreate(name=pool.name, type=kind, base_job_template=template, description="miniCOIL's flows")
        try:
            await client.create_work_pool(wanted)
        except ObjectAlreadyExists:  # somebody was faster
            return await ensure_pool(client, pool)
        return kind
    if found.type not in KINDS or (pool.kind and found.type != pool.kind):
        expected = pool.kind or ", ".join(KINDS)
        raise UsageError(
            f"work pool '{pool.name}' is of type {found.type}, expected {expected}; give another --pool, or delete it, "
            "then deploy again"
        )
    if pool.image is not None and found.type == "process":
        raise UsageError(f"work pool '{pool.name}' is of type process, which starts no image; leave --image out")
    return found.type


def base_job_template(kind: str) -> dict[str, Any]:
    """Prefect's own template of a worker type: its variables as a JSON schema, and what a job is made of."""
    worker = BaseWorker.get_worker_class_from_type(kind)
    if worker is not None:
        return worker.get_default_base_job_template()
    shipped: dict[str, Any] = parse_json(_KNOWN_TYPES.read_text("utf-8"))
    types = {name: facts for collection in shipped.values() for name, facts in collection.items()}
    template: dict[str, Any] = types[kind]["default_base_job_configuration"]
    return template


def _addresses() -> dict[str, str]:
    """Where containers find store and Qdrant: as whoever makes the pool does. Secrets are no variables of a job."""
    return {name: address for name in _ADDRESSES if (address := os.environ.get(name)) and not has_secret(address)}


def deployments_on(pool: Pool, kind: str) -> dict[str, Any]:
    """prefect.yaml with every deployment on this pool, and its job variables those of the pool's type."""
    document: dict[str, Any] = yaml.safe_load(PREFECT_FILE.read_text("utf-8"))
    chosen = document["definitions"]["work_pools"][kind]
    document["pull"] = chosen.get("pull", document["pull"])
    variables = dict(chosen["job_variables"])
    if pool.image is not None:
        variables["image"] = pool.image
    for row in document["deployments"]:
        row["work_pool"] = {"name": pool.name, "job_variables": variables}
    del document["definitions"]
    return document


def write_deployments(pool: Pool, kind: str, path: Path) -> None:
    """`deployments_on` as a file for `prefect deploy --all --prefect-file`."""
    text = yaml.safe_dump(deployments_on(pool, kind), sort_keys=False, allow_unicode=True, width=120)
    path.write_text(text, encoding="utf-8")
