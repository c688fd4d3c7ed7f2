"""Planted keys are nowhere: not in answers, logs, errors, parameters, run histories, objects or files of a home."""

import json
import os
import re
import subprocess
import sys
import typing
from pathlib import Path

import boto3
import pytest
import yaml
from folders import files_of
from pydantic import SecretStr, ValidationError

from flows.orchestration.embedded import FLOWS
from minicoil.errors import UsageError
from tasks.place import Place
from tasks.points.owner_address import socket_path
from tasks.settings import Settings

ROOT = Path(__file__).parents[2]
ACCESS, SECRET, API_KEY = "AKIAPLANTEDACCESS99", "planted/S3+secret/zyxwquark", "planted-qdrant-key-zyxwquark"
PLANTED = [ACCESS, SECRET, API_KEY]
KEYS = {
    "MINICOIL_S3_ACCESS_KEY_ID": ACCESS,
    "MINICOIL_S3_SECRET_ACCESS_KEY": SECRET,
    "MINICOIL_QDRANT_API_KEY": API_KEY,
    "MINICOIL_SMTP_PASSWORD": SECRET,
    "MINICOIL_ALERT_WEBHOOK_URL": f"http://127.0.0.1:9/{SECRET}",
}
CLOSED = "http://127.0.0.1:9"


def call(*arguments, **environment):
    """Exit status and everything a command printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MINICOIL_", "AWS_"))}
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", *map(str, arguments), "-v"],
        env={**clean, **KEYS, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def planted_in(text):
    return [key for key in PLANTED if key in text or json.dumps(key)[1:-1] in text]


def files_with_keys(folder):
    found = {str(path): [key for key in PLANTED if key.encode() in data] for path, data in files_of(folder)}
    return {path: keys for path, keys in found.items() if keys}


def test_every_secret_setting_hides_itself(monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    for name in Settings.model_fields:
        if re.search("key|secret|token|password", name) and name != "s3_sse_kms_key_id":  # a name, which opens nothing
            assert isinstance(getattr(settings, name), SecretStr), name
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert not planted_in(shown) and "**" in shown


def test_no_flow_has_a_parameter_for_a_secret():
    import importlib

    for module, function in FLOWS.values():
        flow = getattr(importlib.import_module(module), function)
        model = typing.get_type_hints(flow.fn)["parameters"]
        named = [
            name
            for name in model.model_fields
            if re.search("secret|token|password|api_?key|access_?key|credential", name)
        ]
        assert not named, (module, named)


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_store_that_refuses_the_connection_is_told_without_keys(tmp_path, as_json):
    arguments = ("release", "list", "--home", tmp_path, "--store", "s3://bucket/prefix", *as_json)
    status, text = call(*arguments, MINICOIL_S3_ENDPOINT_URL=CLOSED)
    assert status == 1 and "cannot be reached" in text
    assert not planted_in(text) and not files_with_keys(tmp_path)


def test_a_store_that_refuses_the_keys_is_told_without_them(signed_address, tmp_path):
    status, text = call(
        "release", "list", "--home", tmp_path, "--store", "s3://bucket/prefix", MINICOIL_S3_ENDPOINT_URL=signed_address
    )
    assert status == 1 and "MINICOIL_S3_ACCESS_KEY_ID" in text
    assert not planted_in(text) and not files_with_keys(tmp_path)


ADDRESSES = [
    ("--store", f"s3://{ACCESS}:hidden-zyxwquark@bucket/x"),
    ("--qdrant-url", "https://me:hidden-zyxwquark@host:6333"),
    ("--qdrant-url", "http://host:6333?api-key=hidden-zyxwquark"),
]


@pytest.mark.parametrize(("option", "address"), ADDRESSES)
@pytest.mark.parametrize(
    "command", [("release", "list"), ("index", "docs", "--corpus", "x.txt")], ids=["plain", "flow"]
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(tmp_path, option, address, command):
    status, text = call(*command, "--home", tmp_path, option, address)
    assert status == 2 and "user name, password or key" in text
    assert "hidden-zyxwquark" not in text
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"hidden-zyxwquark" in path.read_bytes()]


@pytest.mark.parametrize(("option", "address"), ADDRESSES)
def test_a_run_by_parameters_or_environment_refuses_it_too(tmp_path, monkeypatch, option, address):
    from flows.forms.parameters import IndexParameters

    field = option.removeprefix("--").replace("-", "_")
    with pytest.raises(ValidationError) as found:
        IndexParameters(collection="docs", corpus=["x"], **{field: address})
    assert "hidden-zyxwquark" not in str(found.value) and "hidden-zyxwquark" not in repr(found.value)
    monkeypatch.setenv(f"MINICOIL_{field.upper()}", address)
    with pytest.raises(UsageError) as refused:
        Place.at(tmp_path)
    assert "hidden-zyxwquark" not in str(refused.value)


def test_what_listens_listens_on_loopback_unless_told_otherwise():
    from deployments.serving import Service
    from flows.command_line.service_commands import serve

    assert Service(Path("home")).host == "127.0.0.1"
    (host,) = [option for option in serve.params if option.name == "host"]
    assert host.default == "127.0.0.1"
    compose = yaml.safe_load((ROOT / "deployments" / "compose.yaml").read_text())
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports and all(str(port).startswith("127.0.0.1:") for port in ports)


def test_the_engine_of_a_home_answers_its_own_user_alone(tmp_path):
    with Place.at(tmp_path).points() as points:
        points.names()
        address = socket_path(tmp_path)
        assert address.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_a_qdrant_server_that_is_away_is_told_without_its_key(tmp_path):
    status, text = call("forget", "--doc", "x", "--home", tmp_path, "--qdrant-url", CLOSED, "--json")
    assert status == 1 and "does not answer" in text
    assert not planted_in(text) and not files_with_keys(tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_life_on_s3_leaves_no_key_in_home_bucket_or_run_history(s3_address, make_bucket, tmp_path):
    bucket, corpus = make_bucket(s3_address), ("--corpus", "pydocs:networkx", "--sample", "120")
    home = tmp_path / "home"
    shared = ("--home", home, "--store", f"s3://{bucket}/prefix", "--json")
    for command, expected in (
        (("index", "docs", *corpus), 0),
        (("extend", "nodes", *corpus, "--no-evaluate", "--no-promote"), 0),
        (("index", "docs", "--corpus", tmp_path / "absent.txt"), 1),
    ):
        status, text = call(*command, *shared, MINICOIL_S3_ENDPOINT_URL=s3_address)
        assert status == expected, text[-2000:]
        assert not planted_in(text)
    status, text = call("index", "docs", *corpus, *shared, MINICOIL_S3_ENDPOINT_URL=CLOSED)
    assert status == 1 and not planted_in(text)
    assert len(list((home / "runs").glob("*.json"))) == 4 and not files_with_keys(home)
    client = boto3.client(
        "s3", endpoint_url=s3_address, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )
    objects = client.list_objects_v2(Bucket=bucket)["Contents"]
    assert any(entry["Key"].endswith("manifest.json") for entry in objects)
    for entry in objects:
        body = client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        assert not [key for key in PLANTED if key.encode() in body], entry["Key"]
