"""The compose file, read as text: images that can be pulled and are pinned, and one image of our own, built once."""

import re
from pathlib import Path

import yaml
from qdrant_double import QdrantDouble

from deployments.setting_up import PREFECT_FILE

FOLDER = Path(PREFECT_FILE).parent
SERVICES = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
EXAMPLE = dict(
    line.split("=", 1) for line in (FOLDER / "compose.env.example").read_text().splitlines() if re.match(r"\w+=", line)
)


def image_of(name):
    """Where a service's image comes from when nobody says otherwise."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", SERVICES[name]["image"])


def test_every_image_has_a_version_and_the_example_names_the_same():
    images = {name: image_of(name) for name in SERVICES}
    assert all(re.search(r":[\w.-]*\d", image) for image in images.values()), images
    assert EXAMPLE["QDRANT_IMAGE"] == images["qdrant"] and EXAMPLE["MINIO_IMAGE"] == images["objects"]


def test_minio_comes_from_where_it_still_is():
    assert image_of("objects").startswith("quay.io/minio/minio:")


def test_qdrant_is_the_version_that_the_tests_answer_as():
    with QdrantDouble() as double:
        assert image_of("qdrant") == f"qdrant/qdrant:v{double.version}"


def test_our_own_image_is_built_by_one_service_and_pulled_by_none():
    ours = {name: service for name, service in SERVICES.items() if service["image"].startswith("minicoil-service:")}
    assert {name for name, service in ours.items() if "build" in service} == {"bucket"}
    assert {name: service["pull_policy"] for name, service in ours.items() if name != "bucket"} == dict.fromkeys(
        ours.keys() - {"bucket"}, "never"
    )
    assert {"server", "deploy", "worker"} <= ours.keys()


def test_the_ui_is_served_from_where_the_image_s_user_may_write():
    server = SERVICES["server"]["environment"]
    volume = next(path.split(":")[1] for path in SERVICES["server"]["volumes"])
    assert server["PREFECT_SERVER_UI_STATIC_DIRECTORY"].startswith(f"{volume}/")


def test_logs_are_plain_text_until_json_lines_are_asked_for():
    assert EXAMPLE["LOG_JSON"] == ""
    for name in ("server", "deploy", "worker"):
        found = SERVICES[name]["environment"]
        assert found["MINICOIL_LOG_JSON"] == "${LOG_JSON:-}"
        assert found["PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER"] == "${LOG_JSON:+json}"
