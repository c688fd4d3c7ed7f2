"""Channels looked at alone, as often as somebody scrapes: what the page says of them, or why nobody can say."""

import pytest
from light_home import make_light_home, make_model
from s3_double import S3Double

from flows.stages import look_at_channels, report_status
from minicoil.errors import StoreError
from tasks.place import Place


def test_channels_alone_are_those_of_the_page(tmp_path):
    make_light_home(tmp_path / "home", make_model(tmp_path))
    place = Place.at(tmp_path / "home")
    (channel,) = look_at_channels(place)
    assert [channel.row()] == report_status(place, None)["channels"]


def test_a_store_that_cannot_be_read_is_no_service_without_channels(tmp_path, monkeypatch):
    monkeypatch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "secret")
    with S3Double(page=True) as double:
        monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", double.address)
        with pytest.raises(StoreError, match="no S3"):
            look_at_channels(Place.at(tmp_path, "s3://bucket/x"))
