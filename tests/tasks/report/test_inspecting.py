"""What there is can be looked at: words, releases, channels; damage is shown and hides nothing else."""

import shutil

import pytest

from minicoil.errors import ReleaseError, UsageError
from minicoil.words.ledger import Ledger, WordRecord
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.releases import publish_release
from tasks.place import Place
from tasks.report.inspecting import list_all_releases, list_words, pull, show_release, verify


@pytest.fixture
def place(tmp_path, folder, encoder_folder):
    """Three releases, of which `production` serves the second and goes to the third."""
    place = Place.at(tmp_path / "home", (tmp_path / "store").as_uri())
    records = [
        WordRecord("univers", "accepted", "", digest="d", forms=("universities", "university"), neighbours=(1, 2)),
        WordRecord("pod", "kept_bm25", "too rare", forms=("pods",)),
    ]
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(encoder_folder / name, folder)
    for number in (1, 2, 3):
        Ledger().updated(records[:1] if number == 1 else records, "r", number).write(folder)
        (folder / "words.json").write_text(f"[{number}]")
        publish_release(place.objects(), folder, number - 1 or None, {"n_words": number})
    set_pending(place.objects(), "production", 2, None)
    move_current(place.objects(), "production", 2)
    set_pending(place.objects(), "production", 3, 2)
    return place


def test_all_releases_are_listed_with_the_channels_that_name_them(place):
    rows = list_all_releases(place)["releases"]
    assert [(row["release"], row["parent"], row["n_words"], row["channels"]) for row in rows] == [
        (1, None, 1, []),
        (2, 1, 2, ["production"]),
        (3, 2, 3, ["production (pending)"]),
    ]
    assert all(row["size_bytes"] > 7000 for row in rows)


def test_a_damaged_manifest_is_a_row_without_facts(place):
    place.objects().write("releases/2/manifest.json", b"{")
    rows = list_all_releases(place)["releases"]
    assert rows[1] == {
        "release": 2,
        "parent": None,
        "created_at": "damaged",
        "n_words": None,
        "size_bytes": None,
        "channels": ["production"],
    }
    assert rows[2]["n_words"] == 3


def test_a_release_is_shown_by_number_and_by_channel(place):
    by_number, by_channel = show_release(place, "2"), show_release(place, "production")
    assert by_number["release"] == 2 and "channel" not in by_number
    assert set(by_number["files"]["words.json"]) == {"sha256", "size_bytes"}
    assert {**by_channel, "channel": None, "history": None} == {**by_number, "channel": None, "history": None}
    assert by_channel["channel"]["pending"] == 3
    assert [row["action"] for row in by_channel["history"]] == ["expand", "switch", "expand"]
    with pytest.raises(
        ReleaseError, match="'nope' is neither a release number nor a channel that serves one; channels: production"
    ):
        show_release(place, "nope")


def test_a_release_is_copied_into_a_folder_of_its_own(place, tmp_path):
    answer = pull(place, "production", str(tmp_path / "out"))
    assert (answer["release"], answer["folder"]) == (2, str(tmp_path / "out"))
    assert (tmp_path / "out" / "words.json").read_text() == "[2]"
    assert answer["n_files"] == len([p for p in (tmp_path / "out").rglob("*") if p.is_file()]) - 1  # its manifest
    with pytest.raises(UsageError) as said:
        pull(place, "2")
    assert str(said.value) == "release pull 2: give the folder to copy it into, such as ./release-2"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="exists and is no release"):
        pull(place, "2", str(tmp_path / "full"))


def test_every_file_is_hashed_again_and_damage_refused_with_the_way_out(place):
    sound = verify(place, "2")
    assert (sound["release"], sound["problems"], sound["refused"], "message" in sound) == (2, [], False, False)
    place.objects().write("releases/2/words.json", b"[9]")
    found = verify(place, "production")
    assert found["problems"] == ["words.json is damaged"] and found["refused"]
    assert found["message"] == (
        "release 2 is damaged: restore these files from a backup, or let the channel go back: `minicoil release rollback`"
    )
    assert not verify(place, "3")["refused"]


def test_words_are_those_of_the_channels_release_or_of_another_one(place):
    served = list_words(place, "production", None)
    assert served["release"] == 2 and [row["word"] for row in served["words"]] == ["univers", "pod"]
    assert all("neighbours" not in row for row in served["words"])
    assert [row["word"] for row in list_words(place, "production", None, 1)["words"]] == ["univers"]
    with pytest.raises(ReleaseError) as said:
        list_words(place, "staging", None)
    assert str(said.value) == (
        "channel 'staging' serves no release yet; `minicoil extend --common 1000 --corpus SPEC` makes one"
    )


@pytest.mark.parametrize("asked", ["pod", "Pods", "PODS", "pod\u0301s"[:3]])
def test_a_word_is_found_however_it_is_written(place, asked):
    (row,) = list_words(place, "production", asked)["words"]
    assert (row["word"], row["verdict"]) == ("pod", "kept_bm25")


def test_a_word_that_training_never_saw_is_said_to_be_plain(place):
    with pytest.raises(ReleaseError) as said:
        list_words(place, "production", "kernel")
    assert str(said.value) == "word 'kernel' is not in the ledger of release 2; it is plain BM25, never trained"
