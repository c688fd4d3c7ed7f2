"""A name or alias leads to one collection, and a server is asked only where there are aliases to ask for."""

from contextlib import contextmanager

import pytest
from collection_records import make_record

from minicoil.errors import CollectionError
from tasks.catalogue.naming import choose_named, find_named, open_named, resolve_name, resolve_names
from tasks.catalogue.registry import register_collection
from tasks.place import Place


class Server:
    """Of a server, its aliases, and how often it was reached."""

    def __init__(self):
        self.aliases, self.n_opened = {"live": "docs"}, 0

    def resolve(self, name):
        return self.aliases.get(name, name)


@pytest.fixture
def server(monkeypatch):
    made = Server()

    @contextmanager
    def points(self):
        made.n_opened += 1
        yield made

    monkeypatch.setattr(Place, "points", points)
    return made


@pytest.fixture
def place(tmp_path, server):
    """A place with a server, on which "docs" and "notes" are registered."""
    found = Place.at(tmp_path, qdrant_url="http://nowhere:6333")
    for name in ("docs", "notes"):
        register_collection(found.objects(), make_record(name))
    return found


def test_names_are_resolved_in_order_over_one_connection(place, server):
    assert resolve_names(place, ["notes", "live", "docs", "x"]) == ["notes", "docs", "docs", "x"]
    assert server.n_opened == 1 and resolve_name(place, "live") == "docs"


def test_nobody_is_asked_where_nothing_is_named_or_the_engine_has_no_aliases(place, server, tmp_path):
    assert resolve_names(place, []) == [] and choose_named(place, "production", []) == choose_named(
        place, "production", ["docs", "notes"]
    )
    n_opened = server.n_opened
    assert resolve_names(Place.at(tmp_path), ["live"]) == ["live"] and server.n_opened == n_opened


def test_a_collection_by_two_names_is_chosen_once(place):
    assert [found.name for found in choose_named(place, "production", ["live", "notes", "docs"])] == ["docs", "notes"]
    with pytest.raises(CollectionError, match="collection x is not on channel 'production'; collections there: docs"):
        choose_named(place, "production", ["live", "x"])


def test_an_alias_is_looked_up_each_time_anew(place, server):
    assert open_named(place, "live").name == "docs"
    server.aliases["live"] = "notes"
    assert open_named(place, "live").name == find_named(place, "live").name == "notes"
    server.aliases["live"] = "gone"
    assert find_named(place, "live") is None
    with pytest.raises(CollectionError, match="collection 'gone' was not found; collections here: docs, notes"):
        open_named(place, "live")


def test_a_name_that_has_a_record_is_found_without_the_server(place, server):
    assert find_named(place, "docs").name == "docs" and server.n_opened == 0
    assert find_named(place, "live").name == "docs" and server.n_opened == 1
