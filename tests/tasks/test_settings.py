"""Settings come from the environment alone, are checked by name, and give no secret away."""

import os

import pytest

from minicoil.errors import UsageError
from tasks.settings import Settings, has_secret, settings_at


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("MINICOIL_"):
            monkeypatch.delenv(name)


def test_variables_of_any_case_are_read_and_numbers_out_of_their_text(monkeypatch):
    monkeypatch.setenv("MINICOIL_STORE", "s3://bucket/x")
    monkeypatch.setenv("minicoil_smtp_port", "25")
    monkeypatch.setenv("MINICOIL_ALERT_DUE_HOURS", "0.5")
    monkeypatch.setenv("MINICOIL_SENTENCE_CACHE_BYTES", "0")
    monkeypatch.setenv("MINICOIL_TEST_QDRANT_URL", "is no setting")
    found = Settings()
    assert (found.store, found.smtp_port, found.alert_due_hours, found.sentence_cache_bytes) == (
        "s3://bucket/x",
        25,
        0.5,
        0,
    )


def test_what_is_said_goes_before_the_environment(monkeypatch):
    monkeypatch.setenv("MINICOIL_DEVICE", "cuda")
    assert Settings(device="cpu").device == "cpu" and Settings().device == "cuda"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_PORT", "65536"),
        ("SMTP_PORT", "mail"),
        ("SMTP_PORT", "25.5"),
        ("S3_TIMEOUT_SECONDS", "0"),
        ("QDRANT_TIMEOUT_SECONDS", "86401"),
        ("READ_SHARDS", "true"),
        ("READ_PROCESSES", "0"),
        ("ALERT_DUE_HOURS", "NaN"),
        ("ALERT_SILENCE_HOURS", "0"),
        ("EMBEDDING_CACHE_BYTES", "-1"),
        ("SHARD_RUNNER", "slurm"),
        ("S3_SSE", "none"),
        ("STORE_HTTP_URL", "ftp://host"),
        ("STORE_HTTP_URL", "https://host/<script>"),
    ],
)
def test_a_variable_that_holds_what_it_cannot_is_named_with_what_to_do(monkeypatch, name, value):
    monkeypatch.setenv(f"MINICOIL_{name}", value)
    with pytest.raises(UsageError) as caught:
        Settings()
    message = str(caught.value)
    assert message.startswith(f"the environment cannot be used: MINICOIL_{name}") and "\n" not in message
    assert message.endswith("; set it right, or unset it")


def test_secrets_are_not_shown(monkeypatch):
    names = ("QDRANT_API_KEY", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "ALERT_WEBHOOK_URL", "SMTP_PASSWORD")
    for name in names:
        monkeypatch.setenv(f"MINICOIL_{name}", f"hush-{name}")
    found = Settings()
    assert found.qdrant_api_key.get_secret_value() == "hush-QDRANT_API_KEY"
    assert "hush" not in repr(found) + str(found) + found.model_dump_json()


def test_a_home_without_a_store_has_one_inside(tmp_path, monkeypatch):
    assert Settings(home=tmp_path / "a b").store_url == f"{tmp_path.as_uri()}/a%20b/store"
    assert Settings(home=tmp_path, store="s3://bucket/x").store_url == "s3://bucket/x"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings(home="~/mine").store_url == f"{tmp_path.as_uri()}/mine/store"


def test_settings_of_a_home_are_made_anew_only_where_the_environment_changed(tmp_path, monkeypatch):
    first = settings_at(tmp_path)
    monkeypatch.setenv("UNRELATED", "1")
    assert settings_at(tmp_path) is first and first.home == tmp_path
    monkeypatch.setenv("MINICOIL_DEVICE", "cpu")
    assert settings_at(tmp_path).device == "cpu" and first.device == "auto"
    assert settings_at(tmp_path / "other").home == tmp_path / "other"


@pytest.mark.parametrize(
    ("address", "is_secret"),
    [
        ("http://host:6333", False),
        ("http://host/?page=1", False),
        ("s3://bucket/a@b", False),
        ("http://me@host", True),
        ("http://host/?X-Amz-Signature=", True),
        ("http://host/?ACCESS_TOKEN=1", True),
        ("http://[broken@host", True),
        ("http://[broken", False),
    ],
)
def test_an_address_with_a_secret_in_it_is_told_from_one_without(address, is_secret):
    assert has_secret(address) is is_secret
