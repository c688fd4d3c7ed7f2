"""Two documents with one id: both are there afterwards, under names that stay."""

import json
import shutil

import pytest

from minicoil.errors import CorpusError
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.collections.texts import JoinedTexts, PointTextError, join_corpus
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.telling_apart import StoredOwners, is_same_source
from tasks.forgetting.forgetting import ForgetRequest, forget_documents
from tasks.points import Point

REQUEST = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, None)


def write(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(*specs, **options):
    report = CorpusReport()
    found = {d.body: d.doc for d in read_corpora([str(spec) for spec in specs], report, **options)}
    return found, report


@pytest.fixture
def two_files(tmp_path):
    write(tmp_path / "c" / "a.jsonl", {"_id": 0, "text": "Apples."}, {"_id": 1, "text": "Pears."})
    write(tmp_path / "c" / "b.jsonl", {"_id": "0", "text": "Ships."}, {"_id": "1", "text": "Oars."})
    return tmp_path / "c"


def test_a_newcomer_of_another_file_is_named_after_it_and_both_places_are_told(two_files):
    found, report = read(two_files)
    assert found == {"Apples.": "0", "Pears.": "1", "Ships.": "b.jsonl#0", "Oars.": "b.jsonl#1"}
    assert report.n_clashes == 2
    (row,) = report.rows()
    a, b = two_files / "a.jsonl", two_files / "b.jsonl"
    assert row["n"] == 2 and row["examples"][0] == f"{b}:1: id '0' is that of {a}:1; called 'b.jsonl#0'"


def test_a_newcomer_of_the_same_file_is_named_after_its_line(tmp_path):
    path = write(
        tmp_path / "a.jsonl",
        {"id": 0, "text": "One."},
        {"id": "0", "text": "Two."},
        {"id": "0#2", "text": "Three."},
        {"_id": 0, "id": 9, "text": "Four."},
        {"id": "", "text": "Five."},
    )
    found, report = read(path)
    assert found == {"One.": "0", "Two.": "0#2", "Three.": "0#2#3", "Four.": "0#4", "Five.": "a.jsonl"}
    assert report.n_clashes == 3


def test_the_same_text_under_the_same_id_is_one_document(tmp_path):
    write(tmp_path / "a.jsonl", {"_id": 0, "text": "One."}, {"_id": 0, "text": "One."})
    write(tmp_path / "b.jsonl", {"_id": 0, "text": "One."}, {"_id": 0, "text": "Other."})
    found, report = read(tmp_path)
    assert found == {"One.": "0", "Other.": "b.jsonl#0"}
    assert report.n_duplicates == 2 and report.n_clashes == 1


def test_files_of_one_name_in_two_folders_are_two_files(tmp_path):
    one = write(tmp_path / "x" / "corpus.jsonl", {"_id": 0, "text": "One."})
    other = write(tmp_path / "y" / "corpus.jsonl", {"_id": 0, "text": "Two."})
    assert read(one, other)[0] == {"One.": "0", "Two.": "corpus.jsonl#0"}
    third = write(tmp_path / "z" / "corpus.jsonl", {"_id": 0, "text": "Three."})
    assert len(set(read(one, other, third)[0].values())) == 3


def test_a_doc_of_the_rows_own_still_groups_them(tmp_path):
    write(tmp_path / "a.jsonl", {"doc": "manual", "_id": 1, "text": "One."}, {"doc": "guide", "_id": 1, "text": "Two."})
    write(tmp_path / "b.jsonl", {"doc": "manual", "_id": 1, "text": "Three."})
    report = CorpusReport()
    documents = list(read_corpora([str(tmp_path)], report))
    assert [d.doc for d in documents] == ["manual", "guide", "manual"]
    assert len({d.id for d in documents}) == 3 and report.n_clashes == 1


def test_keep_last_takes_the_later_row_and_says_which_it_replaced(two_files):
    write(two_files / "c.jsonl", {"_id": 1, "text": "Pears."})
    found, report = read(two_files, on_duplicate="keep-last")
    assert found == {"Ships.": "0", "Pears.": "1"}  # the last row's text stood in a replaced one as well
    assert report.n_unusable == {"rows replaced by a later one with their id": 3}


def test_refuse_names_both_places_before_any_document_comes_out(two_files):
    documents = read_corpora([str(two_files)], CorpusReport(), on_duplicate="refuse")
    with pytest.raises(
        CorpusError, match=r"2 documents have the id of another.*b\.jsonl:1: id '0' is that of .*a\.jsonl:1"
    ):
        next(documents)
    (two_files / "b.jsonl").unlink()
    assert len(read(two_files, on_duplicate="refuse")[0]) == 2


def test_a_sample_has_the_names_of_the_whole(tmp_path):
    for name in "abc":
        write(tmp_path / f"{name}.jsonl", *({"_id": i, "text": f"Text {i} of {name}."} for i in range(30)))
    whole, part = read(tmp_path)[0], read(tmp_path, sample=40)[0]
    assert len(whole) == 90 and len(set(whole.values())) == 90
    assert len(part) == 40 and part.items() <= whole.items()


@pytest.mark.parametrize(
    ("stored", "file", "is_same"),
    [
        ("/gone/corpus/sub/a.jsonl", "sub/a.jsonl", True),
        ("/gone/corpus/sub/a.jsonl", "a.jsonl", True),
        ("/gone/corpus/sub/a.jsonl.gz", "sub/a.jsonl", True),
        ("/gone/corpus/en/a.jsonl", "de/a.jsonl", False),
        ("/gone/corpus/ba.jsonl", "a.jsonl", False),
        ("hf:other:train", "a.jsonl", False),
    ],
)
def test_a_file_that_is_gone_is_the_one_whose_path_ends_alike(tmp_path, stored, file, is_same):
    assert is_same_source(stored, str(write(tmp_path / file, {})), file) is is_same


def test_a_file_that_is_there_is_another_unless_a_link_leads_to_it(tmp_path):
    one, other = write(tmp_path / "x" / "a.jsonl", {}), write(tmp_path / "y" / "a.jsonl", {})
    assert not is_same_source(str(one), str(other), "a.jsonl")
    (tmp_path / "link").symlink_to(tmp_path / "x")
    assert is_same_source(str(one), str(tmp_path / "link" / "a.jsonl"), "a.jsonl")


class Home:
    """Indexing into one collection, and what it holds."""

    def __init__(self, place):
        self.place = place

    def index(self, *specs, **options):
        report = CorpusReport()
        with self.place.points() as points:
            owners = StoredOwners(points, "docs")
            documents = read_corpora([str(spec) for spec in specs], report, owners=owners, **options)
            return index_documents(self.place, points, REQUEST, documents, report)

    def texts(self):
        with self.place.points() as points:
            return {p.payload["text"]: p.payload["doc"] for page in points.scroll("docs") for p in page}


@pytest.fixture
def home(place):
    return Home(place)


def test_files_indexed_one_after_the_other_lose_nothing_and_the_first_keeps_its_ids(home, two_files):
    home.index(two_files / "b.jsonl")
    result = home.index(two_files / "a.jsonl")
    assert (result["n_written"], result["n_points"], result["n_clashes"]) == (2, 4, 2)
    assert "b.jsonl, indexed before; called 'a.jsonl#0'" in result["unusable"][0]["examples"][0]
    expected = {"Ships.": "0", "Oars.": "1", "Apples.": "a.jsonl#0", "Pears.": "a.jsonl#1"}
    assert home.texts() == expected
    result = home.index(two_files)  # the whole folder, a.jsonl first
    assert (result["n_written"], result["n_skipped"]) == (0, 4) and home.texts() == expected


def test_a_changed_row_stays_itself_wherever_its_file_has_moved(home, two_files, tmp_path):
    home.index(two_files)
    shutil.move(two_files, tmp_path / "elsewhere")
    write(tmp_path / "elsewhere" / "a.jsonl", {"_id": 0, "text": "Plums."}, {"_id": 1, "text": "Pears."})
    result = home.index(tmp_path / "elsewhere")
    assert (result["n_written"], result["n_points"]) == (1, 4)
    assert home.texts() == {"Plums.": "0", "Pears.": "1", "Ships.": "b.jsonl#0", "Oars.": "b.jsonl#1"}


def test_a_collection_of_an_earlier_version_keeps_its_points_and_learns_where_they_stand(home, two_files):
    home.index(two_files / "a.jsonl")
    with home.place.points() as points:  # as a version wrote them that recorded no source
        old = [p for page in points.scroll("docs", vectors=True) for p in page]
        bare = [{k: v for k, v in p.payload.items() if k != "mc_source"} for p in old]
        points.upsert("docs", [type(p)(p.id, payload, p.vectors) for p, payload in zip(old, bare, strict=True)])
    write(two_files / "a.jsonl", {"_id": 0, "text": "Plums."}, {"_id": 1, "text": "Pears."})
    result = home.index(two_files / "a.jsonl")
    assert (result["n_written"], result["n_points"], result["n_clashes"]) == (1, 2, 0)
    (told,) = result["unusable"]  # whether it is the same row, changed, or another file's, nobody can know
    assert told["n"] == 1 and told["examples"] == [f"{two_files}/a.jsonl:1: id '0'"]
    result = home.index(two_files / "b.jsonl")
    assert (result["n_points"], result["n_clashes"]) == (4, 2)


def test_points_called_after_their_file_by_mistake_get_their_name_and_keep_their_ids(home, tmp_path):
    path = write(tmp_path / "a.jsonl", {"text": "One page."})  # as {"doc": 0} was once read
    home.index(path)
    write(path, {"doc": 0, "text": "One page."})
    assert home.index(path)["n_points"] == 1
    assert home.texts() == {"One page.": "0"} and home.index(path)["n_written"] == 0


@pytest.mark.parametrize(
    ("doc", "file", "gone"),
    [
        ("0", None, "Ships."),
        ("0", "", "Ships."),
        ("0", "b.jsonl", "Ships."),
        ("0", "a.jsonl", None),
        ("a.jsonl#0", "a.jsonl", "Apples."),
        ("a.jsonl#0", "", "Apples."),
    ],
)
def test_forgetting_an_id_takes_the_document_that_has_it_and_no_other(home, two_files, doc, file, gone):
    home.index(two_files / "b.jsonl")
    home.index(two_files)
    before = home.texts()
    corpus = () if file is None else (str(two_files / file),)
    forget_documents(home.place, ForgetRequest((doc,), corpus, ("docs",)))
    assert before.keys() - home.texts().keys() == ({gone} if gone else set())


def test_an_id_that_two_texts_of_a_joined_corpus_have_gives_neither(two_files, tmp_path):
    write(
        two_files / "c.jsonl", {"_id": 7, "text": "Seven."}, {"_id": 7, "text": "Seven."}, {"_id": 8, "text": "Eight."}
    )
    texts = JoinedTexts(join_corpus(tmp_path / "odd #?%41 name", [str(two_files)]), "sku")
    assert texts.read(Point(1, {"sku": 7})) == "Seven." and texts.read(Point(1, {"sku": "8"})) == "Eight."
    with pytest.raises(PointTextError, match="several documents '0', with different texts"):
        texts.read(Point(1, {"sku": 0}))
    with pytest.raises(PointTextError, match="no document '9'"):
        texts.read(Point(1, {"sku": 9}))
