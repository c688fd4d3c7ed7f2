"""An address leads to one store; one under which nothing could ever lie is refused before anything is asked of it."""

import os

import pytest
from object_stores import s3_settings

from minicoil.errors import UsageError
from tasks.settings import Settings
from tasks.store.local_store import LocalStore
from tasks.store.opening import open_store, outside_settings
from tasks.store.s3_store import S3Store


def test_a_path_and_its_address_lead_to_one_folder(tmp_path, monkeypatch):
    folder = tmp_path / "my store%20"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for url in (folder.as_uri(), str(folder), "my store%20", "~/my store%20"):
        store = open_store(url, Settings())
        assert isinstance(store, LocalStore) and store.folder == folder and store.url == folder.as_uri(), url
    assert not folder.exists()  # opening makes nothing


@pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/", "s3://bucket/a/b/"])
def test_a_bucket_is_opened_below_its_prefix(url):
    store = open_store(url, s3_settings("http://127.0.0.1:9"))
    assert isinstance(store, S3Store) and store.url == url.rstrip("/") and store.local_path("a") is None


@pytest.mark.parametrize(
    "url", ["s3:///prefix", "s3://", "s3://b/x", "s3://two words/x", "s3://-bucket", "s3://me@bucket"]
)
def test_an_address_without_a_bucket_is_refused(url):
    with pytest.raises(UsageError) as said:
        open_store(url, Settings())
    assert str(said.value) == f"object store '{url}' names no bucket; give s3://bucket/prefix"


@pytest.mark.parametrize("url", ["gs://bucket/x", "https://bucket.s3.amazonaws.com/x", "c:/models"])
def test_an_address_of_another_kind_is_refused(url):
    with pytest.raises(UsageError) as said:
        open_store(url, Settings())
    assert str(said.value) == (
        f"object store '{url}' is of no kind that is known; give file:///path or s3://bucket/prefix"
    )


def test_below_a_file_and_a_link_to_nothing_there_is_no_store(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "link"):
        for url in (tmp_path / name, tmp_path / name / "store"):
            with pytest.raises(UsageError) as said:
                open_store(str(url), Settings())
            assert str(said.value) == (
                f"object store '{url}': {tmp_path / name} is no folder; give another --store or --home"
            )


def test_a_client_of_a_folder_depends_on_nothing_outside_and_one_of_s3_on_what_aws_says(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    credentials = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "absent"))
    seen = [outside_settings("s3://b")]
    monkeypatch.setenv("AWS_PROFILE", "other")
    seen.append(outside_settings("s3://b"))
    credentials.write_text("[default]")
    seen.append(outside_settings("s3://b"))
    os.utime(credentials, ns=(1, 1))  # written anew
    seen.append(outside_settings("s3://b"))
    assert len(set(seen)) == 4 and outside_settings("s3://b") == seen[-1]
    monkeypatch.setenv("PATH", "/nowhere")
    assert outside_settings("s3://other") == seen[-1]
    assert outside_settings(tmp_path.as_uri()) == outside_settings(str(tmp_path)) == ()
