"""The service is looked at without a run, and a collection that its owner deleted goes off the list."""

from click.testing import CliRunner

from flows.cli import main
from tasks.catalogue.registry import list_collections
from tasks.disk.home_lock import writer_lock
from tasks.place import Place
from tasks.store.audit import list_deeds


def call(home, *arguments):
    return CliRunner().invoke(main, [*arguments, "--home", str(home), "--prefect-url", ""])


def test_a_home_with_nothing_is_looked_at_and_left_as_it_is(tmp_path):
    answer = call(tmp_path / "home", "status")
    assert answer.exit_code == 0 and "no channel and no collection in" in answer.stdout
    assert not list(tmp_path.rglob("runs/*.json"))


def test_a_collection_goes_off_the_list_and_the_audit_keeps_its_record(home):
    answer = call(home, "detach", "drafts")
    assert answer.exit_code == 0 and answer.stdout.startswith("collection 'drafts' is off the list; its points stay")
    store = Place.at(home).objects()
    assert [record.name for record in list_collections(store)] == ["docs"]
    (deed,) = list_deeds(store)
    assert (deed.action, deed.facts["collection"], deed.facts["record"]["avg_len"]) == ("detach", "drafts", 40.0)
    again = call(home, "detach", "drafts")
    assert again.exit_code == 1 and "'drafts'" in again.stderr and "docs" in again.stderr


def test_whoever_is_at_work_is_named_before_anything_goes(home, monkeypatch):
    monkeypatch.setattr("tasks.disk.home_lock.PATIENCE_SECONDS", 0.1, raising=False)
    with writer_lock(home, "extend"):
        answer = call(home, "detach", "drafts")
    assert answer.exit_code == 1 and "`minicoil extend`" in answer.stderr
    assert len(list_collections(Place.at(home).objects())) == 2
