"""Points over every kind of engine, for what is promoted."""

import contextlib

import pytest
from local_server import share_server
from qdrant_places import KINDS

from tasks.place import Place


@pytest.fixture(params=KINDS)
def points(request, place, monkeypatch):
    with contextlib.ExitStack() as stack:
        if request.param != "embedded":
            server = stack.enter_context(share_server(request.param))
            monkeypatch.setattr(Place, "points", lambda self: server)
        yield stack.enter_context(place.points())
