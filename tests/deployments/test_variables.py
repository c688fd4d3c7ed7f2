"""What an operator said of schedules stays said until it is said otherwise, and what cannot be meant is refused."""

import asyncio
from types import SimpleNamespace

import pytest

from deployments.variables import REAPING, SCHEDULES, TIME_ZONE, Shared, ensure_variables
from flows.upkeep.shared_corpora import CORPUS_VARIABLE
from minicoil.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


class Server:
    """Variables of a Prefect server."""

    def __init__(self, **values):
        self.values, self.tags, self.written = dict(values), {}, []

    async def read_variable_by_name(self, name):
        return SimpleNamespace(value=self.values[name], tags=["theirs"]) if name in self.values else None

    async def create_variable(self, variable):
        self.values[variable.name], self.tags[variable.name] = variable.value, variable.tags
        self.written.append(variable.name)

    async def update_variable(self, variable):
        self.values[variable.name], self.tags[variable.name] = variable.value, variable.tags
        self.written.append(variable.name)


def ensure(server, **said):
    return asyncio.run(ensure_variables(server, Shared(**said)))


def test_a_new_server_gets_the_defaults_and_no_schedule_runs():
    server = Server()
    assert ensure(server) == {CORPUS_VARIABLE: [], SCHEDULES: False, TIME_ZONE: "UTC", REAPING: True} == server.values
    assert set(map(tuple, server.tags.values())) == {("minicoil",)}


def test_a_corpus_that_is_said_switches_schedules_on_and_an_empty_one_off():
    server = Server()
    assert ensure(server, corpus="docs/")[SCHEDULES] is True and server.values[CORPUS_VARIABLE] == ["docs/"]
    assert ensure(server, corpus="")[SCHEDULES] is False and server.values[CORPUS_VARIABLE] == []


def test_what_a_person_changed_on_the_server_stays_and_is_not_written_again():
    server = Server(**{CORPUS_VARIABLE: ["a", "b"], TIME_ZONE: "Europe/Berlin", REAPING: False})
    server.values[SCHEDULES] = True
    assert ensure(server) == server.values and server.written == []
    ensure(server, time_zone="Europe/Berlin", reap=False)  # as it is
    assert server.written == []


def test_schedules_follow_the_corpus_that_the_server_has():
    server = Server(**{CORPUS_VARIABLE: ["a"], SCHEDULES: False, TIME_ZONE: "UTC", REAPING: True})
    assert ensure(server)[SCHEDULES] is True and server.written == [SCHEDULES]
    server.values[CORPUS_VARIABLE] = []
    assert ensure(server)[SCHEDULES] is False


def test_what_is_said_again_is_changed_and_tags_of_others_are_kept():
    server = Server(**{CORPUS_VARIABLE: ["a"], SCHEDULES: True, TIME_ZONE: "UTC", REAPING: True})
    assert ensure(server, time_zone="Europe/Berlin", reap=False)[TIME_ZONE] == "Europe/Berlin"
    assert server.written == [TIME_ZONE, REAPING] and server.tags[TIME_ZONE] == ["theirs"]
    assert ensure(server, corpus="new/")[CORPUS_VARIABLE] == ["new/"]


@pytest.mark.parametrize("zone", ["Berlin", "", "../etc/passwd", "UTC+1", "x" * 500])
def test_a_time_zone_that_is_none_is_refused(zone):
    with pytest.raises(UsageError) as caught:
        Shared(time_zone=zone)
    assert str(caught.value) == (
        f"time zone '{zone}' is not known here; a name such as UTC or Europe/Berlin was expected"
    )


def test_a_corpus_that_is_none_is_refused_before_anything_is_set():
    for corpus in ("var:other", "  "):
        with pytest.raises(UsageError, match=f"variable '{CORPUS_VARIABLE}' holds"):
            Shared(corpus=corpus)
    assert Shared(corpus="", time_zone="Europe/Berlin").corpus == ""
