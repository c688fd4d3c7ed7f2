"""Two sources of one name have a collection each, and each finds its own again."""

import json

import pytest

from tasks.catalogue.registry import read_collection_record, update_collection
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport
from tasks.store.damage import forget_damage, named_damage
from tasks.trial.trial_names import choose_name, keep_name


def make_folder(path, texts):
    path.mkdir(parents=True)
    (path / "a.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts))
    return str(path)


def documents_of(spec):
    return list(read_corpora([spec], CorpusReport()))


def name_of(place, spec):
    return choose_name(place, "production", spec, documents_of(spec))


def index(place, name, spec, channel="production"):
    with place.points() as points:
        request = IndexRequest(name, channel, "minilm", 4, 1.2, 0.75, 8.0)
        index_documents(place, points, request, iter(documents_of(spec)), CorpusReport())


@pytest.fixture
def one(tmp_path):
    return make_folder(tmp_path / "a" / "texts", [f"the pod number {i} runs on a node" for i in range(8)])


@pytest.fixture
def other(tmp_path):
    return make_folder(tmp_path / "b" / "texts", [f"the river number {i} flows by a bank" for i in range(8)])


def test_two_folders_of_one_name_have_a_collection_each_and_find_it_again(place, one, other):
    assert name_of(place, one) == name_of(place, other) == "texts"  # nobody has it yet
    keep_name(place, "texts", one)
    index(place, "texts", one)
    own = name_of(place, other)
    assert own.startswith("texts-") and name_of(place, one) == "texts"
    keep_name(place, own, other)
    index(place, own, other)
    assert name_of(place, other) == own and name_of(place, one) == "texts"


def test_a_collection_that_nobody_remembers_is_known_by_its_documents(place, one, other):
    """As `minicoil index` or an earlier version made it."""
    index(place, "texts", one)
    assert name_of(place, one) == "texts" and name_of(place, other).startswith("texts-")


def test_a_folder_whose_texts_all_changed_keeps_its_collection(place, one, tmp_path):
    keep_name(place, "texts", one)
    index(place, "texts", one)
    (tmp_path / "a" / "texts" / "a.jsonl").write_text(json.dumps({"text": "another text altogether"}))
    assert name_of(place, one) == "texts"


def test_collections_of_somebody_else_or_of_another_channel_are_left_alone(place, one):
    index(place, "texts", one)
    for change in ({"attached_at": 3}, {"channel": "staging"}):
        before = read_collection_record(place.objects(), "texts")
        update_collection(place.objects(), "texts", lambda record, new=change: record.model_copy(update=new))
        assert name_of(place, one).startswith("texts-")
        update_collection(place.objects(), "texts", lambda record, old=before: old)
    assert name_of(place, one) == "texts"


def test_a_file_of_names_that_is_damaged_is_named_and_documents_decide(place, one, other):
    index(place, "texts", one)
    (place.home / "trials.json").write_text("[")
    forget_damage()
    assert name_of(place, one) == "texts" and name_of(place, other).startswith("texts-")
    assert [damage.what for damage in named_damage()] == ["trials.json"]
    forget_damage()


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("/x/My texts!", "My-texts"),
        ("/x/rows.csv#body", "rows.csv-body"),
        ("pydocs:numpy", "pydocs-numpy"),
        ("/", "texts"),
    ],
)
def test_a_name_is_made_of_the_folder_or_file(place, spec, name):
    assert choose_name(place, "production", spec, []) == name
