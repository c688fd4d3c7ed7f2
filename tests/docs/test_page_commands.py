"""Every command that a page shows is run as it stands there, in order, in a reader's folder; or it is said where it is."""

import json
import shutil

import pytest
from guide_folders import copy_folder, write_texts
from markdown_pages import ROOT
from page_commands import as_run, page_commands, pages_with_commands, why_not_run, write_set
from qdrant_double import QdrantDouble
from reader_shell import run_shell, shell_environment

from tasks.points import CollectionSchema, Point
from tasks.qdrant import open_points

FRESH = {"README.md", "docs/adopting.md", "docs/languages.md", "docs/training.md"}  # begin without a home
ON_SERVER = {"docs/adopting.md"}  # are about a collection that somebody else made
PREPARED = (
    "minicoil index docs --corpus ./texts",
    "minicoil extend pod bank --corpus ./texts --min-sentences 10 --no-evaluate",
    "minicoil remove bank",
    "minicoil release pull production ./model",
)


@pytest.fixture(scope="module")
def environment():
    return shell_environment()


def run(command, folder, environment):
    status, printed = run_shell(command, folder, environment)
    assert status == 0, f"`{command}` ended with {status}:\n{printed}"
    return printed


@pytest.fixture(scope="module")
def reader(environment, tmp_path_factory):
    """A folder with texts and all that pages speak of, a home with two releases and a collection among it."""
    folder = tmp_path_factory.mktemp("reader") / "folder"
    folder.mkdir()
    rows = write_texts(folder / "texts", ("pod", "bank"), 60, 1)
    shutil.copytree(folder / "texts", folder / "texte")
    write_set(folder / "sets" / "scifact", rows)
    (folder / "texts.txt").write_text("the bank of a river\na pod in a cluster\n")
    (folder / "log.txt").write_text("the bank of a river\na pod in a cluster\n")
    (folder / "log.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in ("river bank", "cluster pod")))
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "1", "text": "river bank"}) + "\n")
    for command in PREPARED:
        run(command, folder, environment)
    shutil.copytree(folder / "model", folder / "base")
    return folder


@pytest.fixture(scope="module")
def server():
    """A Qdrant server with a collection of somebody's, `docs`."""
    with QdrantDouble() as double:
        yield double


def first_found(folder, environment):
    """Id of a point."""
    found = run("minicoil search docs 'bank of the river' --json 2>/dev/null", folder, environment)
    return str(json.loads(found)["results"][0]["id"])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", pages_with_commands())
def test_the_commands_of_a_page_do_what_they_say(page, reader, environment, server, tmp_path):
    folder = tmp_path / "folder"
    copy_folder(reader, folder)
    if page in FRESH:
        shutil.rmtree(folder / ".minicoil")
    if page in ON_SERVER:
        environment = {**environment, "MINICOIL_QDRANT_URL": server.url}
        with open_points(tmp_path, server.url) as points:
            points.ensure("docs", CollectionSchema(dense={"dense": 4}))
            texts = [f"a pod of {word} in a pool of workers" for word in ("containers", "whales", "nodes")]
            rows = [Point(i, {"title": "A title", "meta": {"body": text}}) for i, text in enumerate(texts)]
            points.upsert("docs", rows)
    n_run = 0
    for command in page_commands(ROOT / page):
        if why_not_run(command):
            continue
        point = first_found(folder, environment) if "ID" in command else ""
        run(as_run(command, server.url, "texts-5", point), folder, environment)
        n_run += 1
    assert n_run or all(map(why_not_run, page_commands(ROOT / page)))


def test_what_is_not_run_is_little_and_names_where_it_is():
    every = [command for page in pages_with_commands() for command in page_commands(ROOT / page)]
    left = [command for command in every if why_not_run(command)]
    assert len(every) > 40 and len(left) < len(every) / 2
    for command in left:
        places = [word.strip(".,") for word in why_not_run(command).split() if word.startswith(("tests/", "docs/"))]
        assert places and all((ROOT / place).exists() for place in places), command
