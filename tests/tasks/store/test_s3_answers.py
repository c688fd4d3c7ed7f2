"""What answers as no S3 does is told as that, and is never taken for an empty store."""

import pytest
from click.testing import CliRunner
from object_stores import open_at
from s3_double import S3Double

from flows.cli import main
from minicoil.errors import StoreError, StoreUnavailableError
from tasks.store.s3_answers import check_listing, md5_of, not_s3, tag_of


def test_a_page_of_html_is_no_empty_store_and_no_object():
    with S3Double(page=True) as double:
        store = open_at(double.address)
        for ask in (
            lambda: list(store.list("releases/")),
            lambda: store.read("channels/production.json"),
            lambda: store.stat("channels/production.json"),
            lambda: store.write("a", b"1"),
            lambda: store.write("a", b"1", if_absent=True),
        ):
            with pytest.raises(StoreError, match="what answers there is no S3.*MINICOIL_S3_ENDPOINT_URL") as said:
                ask()
            assert not isinstance(said.value, StoreUnavailableError)  # no patience makes S3 of it


def test_a_command_says_it_in_one_line(tmp_path, monkeypatch):
    for name, value in {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(f"MINICOIL_S3_{name}", value)
    with S3Double(page=True) as double:
        monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", double.address)
        answer = CliRunner().invoke(main, ["release", "list", "--store", "s3://bucket/x", "--home", str(tmp_path)])
    assert answer.exit_code == 1 and "no S3" in answer.stderr and len(answer.stderr.strip().splitlines()) == 1


def test_every_answer_about_an_object_has_a_tag():
    assert tag_of({"ETag": '"1"'}, "s3://b/a") == '"1"'
    for answer in ({}, {"ETag": ""}, {"ETag": None}):
        with pytest.raises(StoreError) as said:
            tag_of(answer, "s3://b/a")
        assert str(said.value) == str(not_s3("s3://b/a"))
    assert str(said.value) == (
        "s3://b/a: what answers there is no S3: it sent a page or something else instead of S3's answer; give the "
        "address of the S3 API in MINICOIL_S3_ENDPOINT_URL (not that of its console), and look for a proxy or login "
        "page in between"
    )


@pytest.mark.parametrize("page", [{"Name": "b"}, {"IsTruncated": False}, {"KeyCount": 0}])
def test_an_empty_listing_says_that_it_is_one(page):
    check_listing(page, "s3://b")
    with pytest.raises(StoreError, match="s3://b: what answers there is no S3"):
        check_listing({"ResponseMetadata": {}}, "s3://b")


def test_the_digest_of_an_object_is_as_its_header_has_it():
    assert md5_of(b"") == "1B2M2Y8AsgTpgAmY7PhCfg=="  # of RFC 1864's kind
