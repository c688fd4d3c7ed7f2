"""Reports lose what they quote of a document and nothing else, and a release is whole at every moment of it."""

import json

import pytest

from minicoil.errors import DamagedReleaseError
from minicoil.text.quotes import REMOVED, Quotes
from tasks.catalogue.manifest import read_manifest, release_key
from tasks.catalogue.releases import REPORT, publish_release, verify_release
from tasks.forgetting.redaction import redact_releases, redact_reports, remove_copies
from tasks.store.damage import forget_damage
from tasks.store.local_store import LocalStore

SECRET = "The ring gear turns slowly at night."
OTHER = "Whales swim in the open ocean."
QUOTES = Quotes([SECRET])


def page(*texts):
    return "<html><body>" + "".join(f"<p>{text}</p>" for text in texts) + "</body></html>"


@pytest.fixture
def store(tmp_path):
    """Releases: 1 whose report quotes, 2 whose report does not, 3 without one."""
    made = LocalStore(tmp_path / "store")
    model = tmp_path / "model"
    model.mkdir()
    for number, text in enumerate((page(OTHER, SECRET), page(OTHER), None), 1):
        (model / "words.json").write_text(str(number))
        if text is not None:
            (model / REPORT).write_text(text)
        else:
            (model / REPORT).unlink()
        publish_release(made, model, number - 1 or None, {"n": number})
    yield made
    forget_damage()


def report_of(store, number):
    return store.read(release_key(number, REPORT)).decode()


def test_a_quoting_report_is_replaced_and_its_manifest_says_so(store, tmp_path):
    others = [store.read(release_key(number, "manifest.json")) for number in (2, 3)]
    assert redact_releases(store, QUOTES, tmp_path / "work") == [1]
    assert report_of(store, 1) == page(OTHER, REMOVED) and report_of(store, 2) == page(OTHER)
    manifest = read_manifest(store, 1)
    assert manifest.facts["redacted_at"] and manifest.facts["n"] == 1 and set(manifest.files) == {"words.json", REPORT}
    assert [verify_release(store, number) for number in (1, 2, 3)] == [[], [], []]
    assert [store.read(release_key(number, "manifest.json")) for number in (2, 3)] == others
    assert list((tmp_path / "work").iterdir()) == [] and redact_releases(store, QUOTES, tmp_path / "work") == []


def test_a_dry_run_only_finds_them(store, tmp_path):
    before = {entry.key: store.read(entry.key) for entry in store.list("")}
    assert redact_releases(store, QUOTES, tmp_path / "work", dry_run=True) == [1]
    assert {entry.key: store.read(entry.key) for entry in store.list("")} == before


def test_a_report_that_quotes_where_nothing_can_be_taken_out_is_left_out_for_good(store, tmp_path):
    hidden = f"<html><script>const text = 'x. {SECRET} y.'</script><!-- {SECRET} --></html>"
    store.write(release_key(1, REPORT), hidden.encode())
    assert redact_releases(store, QUOTES, tmp_path / "work") == [1]
    assert store.stat(release_key(1, REPORT)) is None or SECRET not in report_of(store, 1)
    assert verify_release(store, 1) == []


def test_a_run_that_was_killed_before_the_manifest_took_the_report_up_is_finished(store, tmp_path, monkeypatch):
    with monkeypatch.context() as killing:
        killing.setattr(
            "tasks.forgetting.redaction.describe_file", lambda path: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            redact_releases(store, QUOTES, tmp_path / "work")
    assert verify_release(store, 1) == [] and REPORT not in read_manifest(store, 1).files
    assert redact_releases(store, QUOTES, tmp_path / "work") == []
    assert REPORT in read_manifest(store, 1).files and verify_release(store, 1) == []


def test_a_damaged_manifest_stops_only_what_cannot_be_done_without_it(store, tmp_path):
    store.write(release_key(2, "manifest.json"), b"{")
    assert redact_releases(store, QUOTES, tmp_path / "work") == [1]
    store.write(release_key(2, REPORT), page(SECRET).encode())
    with pytest.raises(DamagedReleaseError, match="the manifest of release 2"):
        redact_releases(store, QUOTES, tmp_path / "work")


def test_json_reports_lose_strings_and_keys_that_quote_and_what_is_no_json_goes_whole(tmp_path):
    store = LocalStore(tmp_path)
    documents = {
        "reports/a.json": json.dumps({"text": SECRET, "n": 1, "more": [OTHER, SECRET]}).encode(),
        "reports/b.json": json.dumps({"text": OTHER}).encode(),
        "reports/c.txt": SECRET.encode(),
        "reports/d.txt": OTHER.encode(),
        "elsewhere/e.json": json.dumps(SECRET).encode(),
    }
    for key, data in documents.items():
        store.write(key, data)
    assert redact_reports(store, QUOTES, dry_run=True) == ["reports/a.json", "reports/c.txt"]
    assert {entry.key: store.read(entry.key) for entry in store.list("")} == documents
    assert redact_reports(store, QUOTES) == ["reports/a.json", "reports/c.txt"]
    assert json.loads(store.read("reports/a.json")) == {"text": REMOVED, "n": 1, "more": [OTHER, REMOVED]}
    left = {entry.key: store.read(entry.key) for entry in store.list("")}
    assert left.keys() == documents.keys() - {"reports/c.txt"}
    assert {key: left[key] for key in left if key != "reports/a.json"} == {
        key: documents[key] for key in left if key != "reports/a.json"
    }
    assert redact_reports(store, QUOTES) == []


def test_pages_and_pulled_releases_that_quote_go_and_others_stay(tmp_path):
    for name, text in {
        "words/p/pod.html": SECRET,
        "words/n/node.html": OTHER,
        "try-1.html": SECRET,
        "mine-1.html": SECRET,
        f"cache/releases/x/1/{REPORT}": SECRET,
        f"cache/releases/x/2/{REPORT}": OTHER,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(page(text))
    (tmp_path / "cache" / "releases" / "x" / "1" / "model.onnx").write_bytes(b"x")
    gone = ["words/p/pod.html", "try-1.html", "cache/releases/x/1"]
    assert remove_copies(tmp_path, QUOTES, dry_run=True) == gone and (tmp_path / "try-1.html").exists()
    assert remove_copies(tmp_path, QUOTES) == gone
    assert not any((tmp_path / name).exists() for name in gone)
    assert (tmp_path / "words/n/node.html").exists() and (tmp_path / "mine-1.html").exists()
    assert (tmp_path / "cache/releases/x/2").is_dir() and remove_copies(tmp_path, QUOTES) == []
    assert remove_copies(tmp_path / "nothing", QUOTES) == []
