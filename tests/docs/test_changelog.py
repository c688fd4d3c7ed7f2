"""CHANGELOG.md keeps its form: known sections, and in every entry what to do and what to encode again."""

import re

from markdown_pages import ROOT

SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
TEXT = (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_sections_are_those_of_keep_a_changelog():
    assert set(re.findall(r"^### (.+)$", TEXT, re.MULTILINE)) <= SECTIONS
    versions = re.findall(r"^## \[(.+?)\]( - \d{4}-\d\d-\d\d)?$", TEXT, re.MULTILINE)
    assert versions and all(
        name == "Unreleased" or (re.fullmatch(r"\d+\.\d+\.\d+", name) and day) for name, day in versions
    )
    assert len(re.findall(r"^## ", TEXT, re.MULTILINE)) == len(versions)


def test_every_entry_says_what_an_operator_must_do_and_what_is_re_encoded():
    entries = [
        " ".join(entry.split()) for entry in re.findall(r"^- .+?(?=\n- |\n\n|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    ]
    assert len(entries) > 20
    assert not [entry[:80] for entry in entries if not re.search(r" \*Do:\* \S.*\. \*Re-encode:\* \S.*\.$", entry)]
