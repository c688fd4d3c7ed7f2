"""The Kubernetes manifests, held against the schemas of Kubernetes itself, and against what our commands really take."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from command_lines import check_usage

from deployments.setting_up import PREFECT_FILE
from flows.screen import LOG_JSON
from tasks.settings import Settings

FOLDER = Path(PREFECT_FILE).parent / "kubernetes"
DOCUMENTS = [
    pytest.param(document, id=f"{path.stem}-{document['kind']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text("utf-8"))
]
SHIPPED = [parameter.values[0] for parameter in DOCUMENTS]
VERSIONS = ("1.31", "1.34", "1.37")


def pods():
    return {
        document["metadata"]["name"]: document["spec"]["template"]
        for document in SHIPPED
        if "template" in document.get("spec", {})
    }


def containers():
    return [(name, container) for name, pod in pods().items() for container in pod["spec"]["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_manifest_is_one_that_kubernetes_takes(document, version):
    kubernetes_validate.validate(document, version, strict=True)


def test_the_schemas_notice_a_field_that_is_none():
    wrong = yaml.safe_load(yaml.safe_dump(SHIPPED[-1]))
    wrong["spec"]["replica"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_there_are_the_parts_that_the_documents_name():
    assert set(pods()) == {"minicoil", "minicoil-server", "minicoil-worker", "minicoil-embeddings", "minicoil-deploy"}


def test_no_namespace_is_assumed_and_no_secret_is_shipped():
    for document in SHIPPED:
        assert "namespace" not in document["metadata"] and document["kind"] != "Secret"
    for name, container in containers():
        for entry in container.get("env", ()):
            is_key = re.search(r"KEY|PASSWORD|SECRET|TOKEN|CONNECTION_URL", entry["name"])
            assert not is_key or "secretKeyRef" in entry["valueFrom"], f"{name}: {entry['name']}"


def test_every_container_says_what_it_needs_and_needs_no_root():
    for name, container in containers():
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
        assert not container["securityContext"]["allowPrivilegeEscalation"], name
    for name, pod in pods().items():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] and not pod["spec"]["enableServiceLinks"], name


def test_the_image_is_the_one_of_the_compose_file():
    compose = yaml.safe_load((FOLDER.parent / "compose.yaml").read_text("utf-8"))
    assert {container["image"] for _, container in containers()} == {compose["x-minicoil"]["image"]}


def test_commands_are_ours_and_take_what_they_are_given():
    ours = [container["args"] for _, container in containers() if container["args"][0] == "minicoil"]
    assert len(ours) == 4
    for arguments in ours:
        check_usage(arguments[1:])


def test_probes_and_services_find_the_ports_that_the_commands_listen_at():
    for name, container in containers():
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
        listening = " ".join(container["args"])
        for port, number in ports.items():
            is_prefect_s_own = port == "health" and "--with-healthcheck" in listening and number == 8080
            assert is_prefect_s_own or re.search(rf"port[= ]{number}\b", listening), f"{name}: {port}"
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in container:
                assert container[probe]["httpGet"]["port"] in ports, f"{name}: {probe}"
    for document in SHIPPED:
        if document["kind"] == "Service":
            (chosen,) = [
                pod["spec"]["containers"][0]
                for pod in pods().values()
                if document["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
            ]
            named = {port["name"]: port["containerPort"] for port in chosen["ports"]}
            assert [named[port["targetPort"]] for port in document["spec"]["ports"]] == [
                port["port"] for port in document["spec"]["ports"]
            ]


def test_what_is_scraped_is_a_port_of_the_pod_and_answers_metrics():
    scraped = {
        name: int(pod["metadata"]["annotations"]["prometheus.io/port"])
        for name, pod in pods().items()
        if "annotations" in pod["metadata"]
    }
    assert scraped == {"minicoil": 4201, "minicoil-worker": 9464, "minicoil-embeddings": 8300}
    for name, container in containers():
        if name in scraped:
            assert scraped[name] in [port["containerPort"] for port in container["ports"]]


def test_settings_are_settings_of_this_program():
    (settings,) = [document["data"] for document in SHIPPED if document["kind"] == "ConfigMap"]
    given = {name for name in settings if name.startswith("MINICOIL_")}
    given |= {
        entry["name"] for _, c in containers() for entry in c.get("env", ()) if entry["name"].startswith("MINICOIL")
    }
    assert {name.removeprefix("MINICOIL_").lower() for name in given - {LOG_JSON}} <= set(Settings.model_fields)
    (server,) = [d for d in SHIPPED if d["kind"] == "Service" and d["metadata"]["name"] == "minicoil-server"]
    port = server["spec"]["ports"][0]["port"]
    assert settings["PREFECT_API_URL"] == f"http://{server['metadata']['name']}:{port}/api"


PREFECT_LINES = """
from prefect.logging import get_logger
from prefect.logging.configuration import setup_logging
setup_logging()
get_logger("workers").warning("a run of %s", "x" * 300)
"""


def test_pods_write_json_lines_ours_and_prefect_s():
    (settings,) = [document["data"] for document in SHIPPED if document["kind"] == "ConfigMap"]
    (server,) = [container for _, container in containers() if container["name"] == "server"]
    name = "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER"
    given = {entry["name"]: entry.get("value") for entry in server["env"]}
    assert settings[LOG_JSON] == "1" and settings[name] == given[name]
    command = [sys.executable, "-c", PREFECT_LINES]
    # what tests before this one set of Prefect, such as its levels, is no pod's
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    done = subprocess.run(command, capture_output=True, text=True, env={**clean, name: given[name]}, check=True)
    (line,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert line["name"] == "prefect.workers" and line["levelname"] == "WARNING"
