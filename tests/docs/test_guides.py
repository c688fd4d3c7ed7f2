"""The guides, read as a person would: in order, in a fresh folder, with the real command; and what they say it prints.

Blocks marked `sh` are run; `exit=1` after it says how one ends. Blocks with another mark (`needs-network`,
`needs-server`, `needs-containers`, `several-machines`, `takes-long`) are not: their `minicoil` commands are only parsed.

Guides that go on where the first one ended begin with a copy of its folder.
"""

import os
import re
import shutil
import sys

import pytest
from command_lines import check_commands, commands_in
from guide_folders import copy_folder, write_articles, write_base, write_texts
from markdown_pages import ROOT, indented_code, shell_blocks
from reader_shell import run_shell, shell_environment

GUIDES = ROOT / "docs" / "guides"
NAMES = sorted(path.stem for path in GUIDES.glob("*.md") if path.stem != "README")
FIRST = "from-text-to-search"
UNRUNNABLE = {"needs-network", "needs-server", "needs-containers", "several-machines", "takes-long"}
pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


@pytest.fixture(scope="module")
def environment():
    return shell_environment()


def follow(name, folder, environment):
    """Run a guide's blocks, and hold what they print against what stands under them."""
    for block in shell_blocks(GUIDES / f"{name}.md"):
        where = f"{name}.md:{block.line}"
        expected = [int(mark.removeprefix("exit=")) for mark in block.marks if mark.startswith("exit=")] or [0]
        if UNRUNNABLE & set(block.marks):
            check_commands(block.code)
            continue
        status, printed = run_shell(block.code, folder, environment)
        if os.environ.get("MINICOIL_SHOW_GUIDES"):
            sys.stdout.write(f"\n--- {where}\n{block.code}{printed}\n")
        assert status == expected[0], f"{where} ended with {status}:\n{block.code}\n{printed}"
        missing = [line for line in block.printed if not was_printed(line, printed)]
        assert not missing, f"{where} did not print {missing}:\n{printed}"


def was_printed(claim, output):
    """Whether a line of the output has the claim in it; `...` stands for anything, spaces for any number of them."""
    parts = (r"\s+".join(map(re.escape, part.split())) for part in claim.split("..."))
    wanted = re.compile(r"\s*.*?\s*".join(parts))
    return any(wanted.search(line) for line in output.splitlines())


@pytest.fixture(scope="module")
def after_first(environment, tmp_path_factory):
    """The folder in which the first guide was followed."""
    folder = tmp_path_factory.mktemp(FIRST)
    write_texts(folder / "texts", ("pod", "bank"), 60, 1)
    write_texts(folder / "new-texts", ("pool", "cell"), 60, 2)
    follow(FIRST, folder, environment)
    return folder


@pytest.fixture
def begin(request, tmp_path):
    """A function that gives the folder in which a guide begins."""

    def after(name):
        copy_folder(request.getfixturevalue("after_first"), tmp_path / name)
        return tmp_path / name

    def with_base(name):
        write_texts(tmp_path / "texts", ("pod", "bank"), 60, 1)
        write_base(request.getfixturevalue("empty_bundle"), tmp_path / "minicoil-v1")
        return tmp_path

    def with_articles(name):
        folder = with_base(name)
        write_articles(folder)
        return folder

    def with_encoder(name):
        from crash_homes import make_encoder

        folder = after(name)
        make_encoder(request.getfixturevalue("tiny_encoder"), folder / "my-encoder")
        return folder

    return {
        "extend-minicoil-v1": with_base,
        "adopt-a-hybrid-collection": with_articles,
        "bring-your-own-encoder": with_encoder,
        "several-machines": after,
        "read-a-report": after,
        "roll-back-and-recover": after,
    }


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_first_guide_does_what_it_says(after_first):
    assert (after_first / ".minicoil").is_dir()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [name for name in NAMES if name != FIRST])
def test_a_guide_does_what_it_says(name, begin, environment, tmp_path):
    follow(name, begin[name](name), environment)
    shutil.rmtree(tmp_path, ignore_errors=True)  # saves disk; a store's owner may write its last lines meanwhile


def test_the_list_of_guides_names_every_guide():
    listed = (GUIDES / "README.md").read_text()
    assert all(f"({name}.md)" in listed for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_a_guide_parses_and_what_does_not_run_says_why(name):
    """Quick, so that a renamed option is found without following the guide."""
    blocks = shell_blocks(GUIDES / f"{name}.md")
    assert sum(check_commands(block.code) for block in blocks) >= 3
    for block in blocks:
        assert all(mark in UNRUNNABLE or re.fullmatch(r"exit=[12]", mark) for mark in block.marks)
        assert any(commands_in(block.code))


def test_claims_are_held_against_what_was_printed():
    assert was_printed("docs: ... points", "\ndocs:  250 points; 3 written\n")
    assert was_printed("word  kind", "x word kind y") and not was_printed("docs: ... rows", "docs: 250 points")
    assert not was_printed("a ... b", "a\nb")


PAGES_WITH_COMMANDS = sorted({ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")})


@pytest.mark.parametrize("page", [str(page.relative_to(ROOT)) for page in PAGES_WITH_COMMANDS])
def test_the_commands_of_every_other_page_parse(page):
    for code in indented_code(ROOT / page):
        lines = [line for line in code.splitlines() if re.match(r"(\w+=\S+ )*(\S*/)?minicoil [a-z]", line)]
        for line in lines:
            check_commands(line.replace("extend ...", "extend --corpus x"))
