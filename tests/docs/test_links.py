"""Every relative link, anchor and image of the documents resolves, and so does every path that they name in code."""

import re

import pytest
from markdown_pages import PAGES, ROOT, anchors, inline

BY_NAME = {str(page.relative_to(ROOT)): page for page in PAGES}
# what a document may name in code: a file of the repository, by its path from the root
_PATH = re.compile(r"(minicoil|tasks|flows|deployments|tests|docs|examples)/[\w./-]*[\w/]")
_MADE_LATER = {"deployments/.env"}  # a copy that every operator makes


def links(page):
    for token in inline(page):
        target = token.attrGet("href") or token.attrGet("src")
        if target and not re.match(r"[a-z]+:", str(target)):
            yield str(target)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_links_and_images_resolve(name):
    page, broken = BY_NAME[name], []
    for target in links(page):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        inside = found.is_relative_to(ROOT) and found.exists()
        if not inside or (anchor and anchor not in anchors(found)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_paths_in_code_exist(name):
    named = {token.content.split("::")[0] for token in inline(BY_NAME[name]) if token.type == "code_inline"}
    paths = {path for path in named if _PATH.fullmatch(path)} - _MADE_LATER
    assert not [path for path in sorted(paths) if not (ROOT / path).exists()]


def test_every_page_is_reached_from_the_readme():
    reached, rest = set(), [ROOT / "README.md"]
    while rest:
        page = rest.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        rest += [(page.parent / target.partition("#")[0]).resolve() for target in links(page) if target[0] != "#"]
    assert not [name for name, page in BY_NAME.items() if page not in reached]


def test_anchors_are_those_that_headings_make(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A `code` heading, with comma\n\n## Same\n\n## Same\n\n### What's next?\n")
    assert anchors(page) == {"a-code-heading-with-comma", "same", "same-1", "whats-next"}
