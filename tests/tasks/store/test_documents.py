"""Documents of one kind: found by name, damage named, and no change lost however many make one at once."""

import threading

import pytest
from pydantic import BaseModel, ConfigDict, Field

from minicoil.errors import CollectionError, ConflictError, DamagedRecordError, StoreUnavailableError
from tasks.store.damage import forget_damage, named_damage
from tasks.store.documents import MOST_TRIES, Documents
from tasks.store.formats import DamageError


class Note(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(default=2, le=2)
    name: str
    lines: tuple[str, ...] = ()


NOTES = Documents(
    Note,
    2,
    "notes/",
    title=lambda name: f"the note '{name}'",
    way_out=lambda name: f"write {name} anew",
    damaged=DamagedRecordError,
    newer=CollectionError,
    stray=lambda note, name: None if note.name == name else f"is damaged: it is that of '{note.name}'",
)


def add(line):
    return lambda note: Note(name="a", lines=(*(note.lines if note else ()), line))


def test_documents_are_found_by_name(store):
    assert NOTES.find(store, "a") is None and list(NOTES.names(store)) == []
    NOTES.write(store, "b", Note(name="b"))
    NOTES.write(store, "a", Note(name="a"), if_absent=True)
    store.write("notes/a.json.old", b"{}")  # none of ours
    assert list(NOTES.names(store)) == ["a", "b"]
    assert NOTES.find(store, "b") == Note(name="b")
    with pytest.raises(ConflictError):
        NOTES.write(store, "a", Note(name="a", lines=("another",)), if_absent=True)
    NOTES.delete(store, "a")
    assert list(NOTES.names(store)) == ["b"]


def test_what_is_true_without_a_document(store):
    kind = Documents(Note, 2, "notes/", absent=lambda name: Note(name=name))
    assert kind.find(store, "a") == Note(name="a")
    kind.change(store, "a", lambda note: note)
    assert store.stat("notes/a.json") is None  # nothing changed, and nothing was written


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", DamagedRecordError, r"the note 'a' \(.*/notes/a.json\) is damaged: it is empty; write a anew"),
        (b'{"name": 3}', DamagedRecordError, "is damaged at name"),
        (b'{"name": "b"}', DamagedRecordError, "is damaged: it is that of 'b'; write a anew"),
        (b'{"version": 3, "name": "a", "new": 1}', CollectionError, "a newer version of it wrote here"),
    ],
)
def test_damage_is_named_with_the_way_out(store, content, error, message):
    forget_damage()
    store.write("notes/a.json", content)
    with pytest.raises(error, match=message) as raised:
        NOTES.find(store, "a")
    assert type(raised.value) is error
    with pytest.raises(error, match=message):
        NOTES.change(store, "a", add("x"))
    assert store.read("notes/a.json") == content
    if error is CollectionError:  # whoever passed over it might undo what it says
        with pytest.raises(error):
            NOTES.find_sound(store, "a")
    else:
        assert NOTES.find_sound(store, "a") is None and NOTES.find_sound(store, "a") is None
        assert [damage.what for damage in named_damage()] == ["notes/a.json"]
    forget_damage()


def test_damage_without_an_error_of_its_own_is_a_damage_error(store):
    store.write("notes/a.json", b"[]")
    with pytest.raises(DamageError, match=r"^\S*notes/a.json is damaged"):
        Documents(Note, 2, "notes/").find(store, "a")


def test_damage_is_written_over_where_that_is_asked_for(store):
    store.write("notes/a.json", b"[]")
    assert NOTES.change(store, "a", add("x"), over_damage=True).lines == ("x",)
    assert NOTES.find(store, "a").lines == ("x",)


def test_a_folder_in_the_place_of_a_document_is_moved_aside(store):
    folder = store.local_path("notes/a.json")
    if folder is None:
        pytest.skip("S3 has no folders")
    folder.mkdir(parents=True)
    (folder / "kept.txt").write_text("kept")
    with pytest.raises(DamagedRecordError, match="is a folder"):
        NOTES.find(store, "a")
    NOTES.change(store, "a", add("x"), over_damage=True)
    assert NOTES.find(store, "a").lines == ("x",)
    (aside,) = store.local_path("damaged/notes").glob("*/kept.txt")
    assert aside.read_text() == "kept"


def test_no_change_is_lost_however_many_make_one_at_once(store):
    n = 8 if getattr(store, "is_conditional", True) else 3  # each waits for a lock object there
    barrier = threading.Barrier(n)
    failed = []

    def work(number):
        barrier.wait()
        try:
            NOTES.change(store, "a", add(str(number)))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sorted(NOTES.find(store, "a").lines) == sorted(map(str, range(n)))


class Rival:
    """A store in which somebody else always writes between our look and our write."""

    url = "rival://"

    def __init__(self, store):
        self.store, self.n = store, 0

    def read_tagged(self, key):
        return self.store.read_tagged(key)

    def write(self, key, data, **conditions):
        self.n += 1
        NOTES.write(self.store, "a", Note(name="a", lines=(f"rival {self.n}",)))
        return self.store.write(key, data, **conditions)


def test_changing_ends_after_a_number_of_tries(store, monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)
    if not getattr(store, "is_conditional", True):
        pytest.skip("a lock keeps rivals out there")
    NOTES.write(store, "a", Note(name="a"))
    rival = Rival(store)
    with pytest.raises(ConflictError, match="the note 'a' .* is being changed by many at once; try again"):
        NOTES.change(rival, "a", add("ours"))
    assert rival.n == MOST_TRIES and len(waits) == MOST_TRIES - 1
    assert all(0 <= wait <= 1.0 for wait in waits)
    assert NOTES.find(store, "a").lines == (f"rival {MOST_TRIES}",)


def test_what_the_change_refuses_is_not_tried_again(store):
    asked = []

    def refuse(note):
        asked.append(note)
        raise ConflictError("not from here")

    with pytest.raises(ConflictError, match="not from here"):
        NOTES.change(store, "a", refuse)
    assert asked == [None]


def test_a_store_that_does_not_answer_is_no_damage(store, monkeypatch):
    def silent(key):
        raise StoreUnavailableError("no answer")

    monkeypatch.setattr(store, "read_tagged", silent)
    for ask in (NOTES.find, NOTES.find_sound, NOTES.delete):
        with pytest.raises(StoreUnavailableError):
            ask(store, "a")
