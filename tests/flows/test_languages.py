"""A channel in German from its first collection on: every command reads the language from the release or the collection."""

import json
import shutil
from itertools import product
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from other_languages import FRENCH, GERMAN, make_encoder

from flows.cli import main
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import check_bundle, read_facts
from minicoil.sparse.impact import text_keys
from minicoil.text.languages import open_language
from minicoil.text.stemming import stem
from tasks.catalogue import read_manifest
from tasks.catalogue.registry import read_collection_record
from tasks.catalogue.releases import open_release
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's and FastEmbed's own
PLACES = ("am Fluss", "im Hafen", "auf dem Hügel", "hinter der Mühle", "vor dem Rathaus", "an der Grenze")
ENGLISH = (
    "The bank refused a loan to the baker who had asked for one",
    "Three boats lay on the bank of the river until the flood came",
    "Nobody sat on the wooden bank before the school was painted",
    "The seed has a kernel that mice and birds like to eat",
    "A kernel schedules every process which wants to be run",
    "Corn is ground kernel by kernel between two heavy stones",
)


def rows(folder, name, texts):
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(json.dumps({"_id": f"{name}{i}", "text": text}) for i, text in enumerate(texts)))
    return path


ENDS = (
    "und so war es {} im Jahr {} auch",
    "wie man {} seit dem Jahr {} weiß",
    "denn {} war nach dem Jahr {} alles anders",
)


def german_texts():
    """Each of our sentences at several places and times: enough of each word to learn it from."""
    return [
        f"{text.removesuffix('.')}, {end.format(place, 1900 + i)}."
        for i, (place, end) in enumerate(product(PLACES, ENDS))
        for text in GERMAN
    ]


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """One home: indexed before any release, extended twice; what each command answered."""
    folder = tmp_path_factory.mktemp("german")
    encoder = make_encoder(folder / "encoder", GERMAN)
    home, corpus = folder / "home", rows(folder, "texte", german_texts())

    def run(*arguments, status=0):
        done = CliRunner().invoke(main, [*map(str, arguments), "--home", str(home), "--json"])
        assert done.exit_code == status, (arguments, done.stderr[-2000:])
        return json.loads(done.stdout) if status == 0 else done.stderr

    models = ("--encoder", encoder, "--role-model", encoder)
    indexed = run("index", "artikel", "--corpus", corpus, "--language", "de", "--encoder", encoder)
    before = run("search", "artikel", "für die Bänke und das Schloss")
    few = ("--corpus", corpus, "--min-sentences", "10", "--no-evaluate", *models)
    first = run("extend", "Bank", "Schlösser", "häuser", "Züge", "Not", *few)
    return SimpleNamespace(**locals(), place=Place.at(home))


def vocabulary_of(german, release):
    return check_bundle(open_release(german.place.objects(), release, german.place.cache))[1]


def test_before_any_release_the_collection_knows_its_language(german):
    record = read_collection_record(german.place.objects(), "artikel")
    assert record.language == "de" and german.indexed["n_points"] == len(german_texts())
    assert german.before["results"]
    with german.place.points() as points:
        keys = {
            key for page in points.scroll("artikel", payload=["mc_keys"]) for p in page for key in p.payload["mc_keys"]
        }
    assert "schloss" in keys and not keys & {"der", "fur", "und", "die"}
    assert set(text_keys(["Not".lower(), "für"], open_language("de"))) == {"not"}


def test_a_release_has_the_language_of_the_collection_and_finds_forms_by_the_list(german):
    number = german.first["release"]
    assert number == 1 and german.first["promoted"]
    verdicts = {row["word"]: row["verdict"] for row in german.first["words"]}
    assert verdicts["bank"] == verdicts["schloss"] == verdicts["haus"] == verdicts["zug"] == "accepted"
    folder = open_release(german.place.objects(), number, german.place.cache)
    vocabulary = vocabulary_of(german, number)
    assert read_facts(folder).language == vocabulary.language.code == "de"
    assert read_manifest(german.place.objects(), number).facts["language"] == "de"
    assert "language: de" in BundleLayout(folder).card.read_text("utf-8")
    assert "--language de" in BundleLayout(folder).card.read_text("utf-8")
    assert set(BundleLayout(folder).stopwords.read_text("utf-8").split()) == set(open_language("de").stopwords)
    for word, forms in {"haus": ("haus", "hauser", "hauses"), "zug": ("zug", "zuge", "zugen")}.items():
        assert {vocabulary.resolve(form) for form in forms} == {vocabulary.ids[word]}, word
    # "hauses" stands in no text of the corpus: it is one of German's frequent words
    assert "hauses" not in str(german_texts()).lower() and stem("hauser") != "haus"


def test_points_with_any_form_were_found_and_rewritten(german):
    vocabulary = vocabulary_of(german, 1)
    (collection,) = german.first["collections"]
    with_forms = sum(
        any(form in text.lower() for form in ("bank", "bänke", "schlo", "schlö", "haus", "häuser", "zug", "züge"))
        for text in german_texts()
    )
    assert 0 < collection["n_rewritten"] <= with_forms
    assert [row["n_rewritten"] for row in german.run("reencode")["collections"]] == [0]  # nothing was missed
    found = german.run("search", "artikel", "Häuser", "--limit", "3")["results"]
    assert all("Haus" in row["text"] or "Häuser" in row["text"] for row in found)
    assert vocabulary.known_words


def test_later_runs_inherit_the_language_and_refuse_another(german):
    few = german.few
    refused = german.run("extend", "Mühle", *few, "--language", "fr", status=2)
    assert "is German (de), not French (fr); a language never changes" in refused and refused.count("\n") <= 2
    refused = german.run("index", "anders", "--corpus", german.corpus, "--language", "en", status=2)
    assert "is German (de), not English (en)" in refused
    refused = german.run("index", "anders", "--corpus", german.corpus, "--language", "xx", status=2)
    assert "'xx'" in refused and "'sv'" in refused
    second = german.run("extend", "Möwen", "Schiff", *few)
    assert second["release"] == 2 and vocabulary_of(german, 2).language.code == "de"
    assert {row["word"] for row in second["words"] if row["verdict"] == "accepted"} >= {"mow"}
    words = german.run("words", "Möwen")
    assert words["words"][0]["word"] == "mow"
    removed = german.run("remove", "Möwe", "--no-promote")
    assert [row["verdict"] for row in removed["words"]] == ["removed"]


def test_the_same_home_keeps_english_apart(german):
    texts = [f"{text} in the year {1900 + i} as in {1950 + i * i}." for i in range(18) for text in ENGLISH]
    other = rows(german.folder, "english", texts)
    few = ("--corpus", other, "--min-sentences", "10", "--no-evaluate", "--encoder", german.encoder)
    made = german.run("extend", "kernel", "bank", *few, "--role-model", german.encoder, "--channel", "english")
    by_word = {row["word"]: row for row in made["words"]}
    assert by_word["bank"]["n_sentences"] == 54  # none of the German ones
    manifest = read_manifest(german.place.objects(), made["release"])
    assert "language" not in manifest.facts
    folder = open_release(german.place.objects(), made["release"], german.place.cache)
    assert "language" not in json.loads(BundleLayout(folder).facts.read_text())
    assert "language" not in json.loads(BundleLayout(folder).vocabulary.read_text())
    # everything grew from the empty model, but of another language from another one
    german.run("index", "leer", "--corpus", other, "--channel", "leer", "--encoder", german.encoder)
    refused = german.run("release", "promote", "1", "--channel", "leer", status=1)
    assert "has texts of language 'en', release 1 is for 'de'" in refused


def test_encode_takes_the_language_of_the_collection(german):
    lines = CliRunner().invoke(
        main,
        ["encode", "--collection", "artikel", "--home", str(german.home)],
        input=json.dumps({"text": "und für die der"}) + "\n",
    )
    assert lines.exit_code == 0 and json.loads(lines.stdout)["indices"] == []


def test_a_text_that_looks_like_another_language_is_told_which(tmp_path):
    from tasks.trial.sample import read_sample

    (tmp_path / "texts").mkdir()
    rows(tmp_path / "texts", "a", FRENCH * 2)
    place = Place.at(tmp_path / "home")
    sample = read_sample(place, str(tmp_path / "texts"), 100)
    assert not sample.is_of_language and sample.looks is open_language("fr")
    assert read_sample(place, str(tmp_path / "texts"), 100, open_language("fr")).is_of_language
    shutil.rmtree(tmp_path / "texts")
