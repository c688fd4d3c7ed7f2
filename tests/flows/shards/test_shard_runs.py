"""A shard is a run of its own on a worker, told where to work, and begun again where it did not end well."""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from prefect.states import Completed, Crashed

from flows.forms.upkeep_parameters import ReadingShardParameters
from flows.shards import shard_runs
from flows.shards.shard_processes import TRIES
from flows.shards.shard_runs import spread_on_workers
from minicoil.errors import StoreUnavailableError
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


class Server:
    """Runs of deployments that end as they are told to, in the order in which they are started."""

    def __init__(self, *endings):
        self.endings, self.started, self.states = list(endings), [], {}

    def start(self, name, parameters, timeout, as_subflow):
        assert timeout == 0 and as_subflow is False
        run = uuid4()
        self.started.append((name, parameters["parameters"]))
        self.states[run] = self.endings.pop(0) if self.endings else Completed()
        return SimpleNamespace(id=run)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def read_flow_run(self, run):
        return SimpleNamespace(state=self.states[run])


@pytest.fixture
def server(monkeypatch):
    """A function that lets started runs end in these states."""

    def serve(*endings):
        made = Server(*endings)
        monkeypatch.setattr(shard_runs, "run_deployment", made.start)
        monkeypatch.setattr(shard_runs, "get_client", lambda sync_client: made)
        monkeypatch.setattr(shard_runs, "_LOOK_SECONDS", 0.0)
        return made

    return serve


def test_a_run_is_told_the_shard_and_a_file_store_with_its_home(server, tmp_path):
    made, place = server(), Place.at(tmp_path)
    spread_on_workers("read-shard", place, ["a", "b"])
    common = {"home": str(tmp_path), "store": place.store_url}
    assert made.started == [("read-shard/on-demand", {"shard": key, **common}) for key in ("a", "b")]
    assert ReadingShardParameters.model_fields.keys() >= made.started[0][1].keys()


def test_a_store_that_all_reach_is_named_and_the_home_is_each_workers_own(server, tmp_path):
    made = server()
    spread_on_workers("encode-shard", Place.at(tmp_path, "s3://bucket/x"), ["a"])
    assert made.started == [("encode-shard/on-demand", {"shard": "a", "store": "s3://bucket/x"})]


def test_a_run_that_did_not_end_well_is_begun_again_alone(server, tmp_path, caplog):
    made = server(Completed(), Crashed(message="no memory"))
    spread_on_workers("read-shard", Place.at(tmp_path), ["a", "b"])
    assert [given["shard"] for _, given in made.started] == ["a", "b", "b"]
    assert "1 shards did not end well: no memory" in caplog.text


def test_one_that_never_ends_well_is_named_and_the_rest_is_kept(server, tmp_path):
    server(Completed(), *[Crashed(message="no memory")] * TRIES)
    with pytest.raises(StoreUnavailableError) as caught:
        spread_on_workers("read-shard", Place.at(tmp_path), ["a", "b"])
    assert str(caught.value) == (
        "1 of 2 runs of read-shard did not end well, such as that of b; read their pages, then run this again: finished "
        "shards are kept"
    )
