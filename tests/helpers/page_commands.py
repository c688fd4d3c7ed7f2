"""Commands of the documents' pages as a reader's folder takes them: names of examples replaced, and what is not run."""

import json
import re
from pathlib import Path

from markdown_pages import ROOT, indented_code

_COMMAND = re.compile(r"(^|[|;&] *|^[\d*]+( [\d*]+){4} .*)(\w+=\S+ )*(\S*/)?minicoil [a-z]")
# What a page shows by example, and what there is of it in the folder.
_REPLACED = (
    (r"(^|\| )\.venv/bin/", r"\1"),
    (r"--common 1000\b", "--common 3 --min-sentences 10 --no-evaluate"),
    (r"--mine 100\b", "--mine 3 --min-sentences 10 --no-evaluate"),
    (r"\bcompare 6 7\b", "compare 1 2"),
    (r"--(release|ack) 6\b", r"--\1 1"),
    (r"--(release|importance) 7\b", r"--\1 2"),
    (r"path/to/release", "./model"),
    (r" --alias docs-live\b", ""),  # a server's: tests/tasks/adoption/test_aliases.py
    (r"http://localhost:6333", "{url}"),
)
# What is not run, and where it is.
NOT_RUN = (
    (r"\bhf:", "asks a hub: tests/tasks/hub, against a double"),
    (r"\b(nano)?beir:", "asks a hub: tests/tasks/proof/test_public_sets.py, against a folder"),
    (
        r"minicoil (serve|metrics)(?![\w-])",
        "runs until it is stopped: tests/deployments/test_service.py, tests/deployments/test_metrics.py",
    ),
    (r"minicoil serve-embeddings\b", "runs until it is stopped: tests/docs/test_serving_embeddings.py"),
    (r"minicoil deploy\b", "asks a Prefect server: tests/deployments"),
    (r"--encoder ./german-bert", "needs an encoder of that name: docs/guides/bring-your-own-encoder.md has one"),
    (r"minicoil attach\b", "needs another program's vectors: docs/guides/adopt-a-hybrid-collection.md has some"),
    (
        r"rebuild docs docs-2 --importance 7",
        "needs 500 documents to learn from: tests/tasks/collections/test_weighing.py",
    ),
    (
        r"kubernetes_docs",
        "reads text that is not of this repository: tests/docs/test_examples_page.py holds what it says",
    ),
)


def page_commands(page: Path) -> list[str]:
    """The lines of a page with a `minicoil` in them, in a pipe or a crontab too, without comments."""
    lines = (line for code in indented_code(page) for line in code.splitlines() if _COMMAND.search(line))
    return [re.sub(r"\s+# .*", "", line) for line in lines if "extend ..." not in line]


def why_not_run(command: str) -> str | None:
    """Where a command is run instead; None where it is run."""
    return next((why for pattern, why in NOT_RUN if re.search(pattern, command)), None)


def as_run(command: str, url: str, document: str, point: str) -> str:
    """A command with what the folder has.

    Args:
        command: Of a page.
        url: Of a Qdrant server.
        document: Id of a document that may be forgotten.
        point: Id of a point that is found.
    """
    for pattern, replacement in _REPLACED:
        command = re.sub(pattern, replacement, command)
    return (
        command.replace("{url}", url)
        .replace("--doc ID", f"--doc '{document}'")
        .replace("--explain ID", f"--explain '{point}'")
    )


def pages_with_commands() -> list[str]:
    """By name, from the repository's root."""
    pages = sorted({ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")})
    return [str(page.relative_to(ROOT)) for page in pages if page_commands(page)]


def write_set(folder: Path, rows: list[dict[str, str]]) -> None:
    """A BEIR folder: each text is asked for by the words of its second sentence."""
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    queries = [{"_id": f"q{row['_id']}", "text": row["text"].split(". ")[1]} for row in rows[::3]]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    judged = [f"{query['_id']}\t{query['_id'].removeprefix('q')}\t1" for query in queries]
    (folder / "qrels" / "test.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *judged]))
