"""What is asked of a Qdrant server follows from the version that it says it has."""

import pytest
from qdrant_double import QdrantDouble

from tasks.qdrant.server import ServerPoints
from tasks.qdrant.server_features import TESTED_VERSION, ServerFeatures


@pytest.mark.parametrize(
    ("version", "features"),
    [
        ("1.15.4", (False,) * 4),
        ("1.16.0", (True, False, False, False)),
        ("1.18.0", (True, False, False, True)),
        ("1.19.2-dev", (True,) * 4),
        ("?", (False,) * 4),
    ],
)
def test_what_is_used_follows_the_servers_version(version, features):
    assert ServerFeatures.of_version(version) == ServerFeatures(*features)


@pytest.mark.parametrize("version", ["", "latest", "v1.19.0", "one.two", "1"])
def test_of_a_version_that_is_none_nothing_is_expected(version):
    assert ServerFeatures.of_version(version) == ServerFeatures(False, False, False, False)


def test_later_versions_can_do_all_of_it():
    for version in ("1.20.0", "1.100.3", "2.0.0-rc1", "10.1.2"):
        assert ServerFeatures.of_version(version) == ServerFeatures(True, True, True, True), version


def test_the_version_that_is_tested_is_the_one_that_the_double_answers_as():
    with QdrantDouble() as double, ServerPoints.connect(double.url, None) as points:
        assert points.version == TESTED_VERSION
