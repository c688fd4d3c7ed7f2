"""Rankings and judgements as files of TREC, so that anybody's tools compute the same figures and compare with others.

One file a ranking, as trec_eval and ir_measures read them: two rankings in one file would be one run with documents
given twice. The run's tag says which ranking it is.

Source: trec_eval 9, `get_trec_results.c`, `get_qrels.c`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from minicoil.errors import UsageError
from minicoil.files import write_whole
from minicoil.retrieval import RetrievalSet, Run, whole_grades
from tasks.proof.evaluating import Evaluated


def check_run(file: str | None, sets: Iterable[RetrievalSet] = ()) -> None:
    """Refuse, before anything is ranked, what cannot be written afterwards.

    Raises:
        UsageError: the folder is not there, or an id has a space in it, which separates columns in these files.
    """
    if file is None:
        return
    path = Path(file).expanduser()
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"--run {file}: expected a file in a folder that exists, such as runs/scifact.run")
    for data in sets:
        judged = (doc for docs in data.relevant.values() for doc in docs)
        named: list[tuple[str, Iterable[str]]] = [("query", data.queries), ("document", [*data.documents, *judged])]
        for what, ids in named:
            if (odd := next((name for name in ids if len(name.split()) != 1), None)) is not None:
                raise UsageError(
                    f"--run {file}: {what} id {odd!r} of '{data.name}' is empty or has a space in it, which a TREC "
                    "file cannot hold; give the ids other names in corpus.jsonl, queries.jsonl and the judgements"
                )


def write_evaluated(file: str | None, evaluated: Sequence[Evaluated]) -> list[str]:
    """For `scifact.run` the files `scifact.bm25.run`, `scifact.minicoil.run`, ..., and the judgements, `scifact.qrels`.

    Of several sets each has its name in theirs: `scifact.SET.bm25.run`.

    Returns:
        Their paths; none where no file was asked for.
    """
    if file is None:
        return []
    path, written = Path(file).expanduser(), list[str]()
    for entry in evaluated:
        data = entry.result.data
        name = path.stem if len(evaluated) == 1 else f"{path.stem}.{_plain(data.name)}"
        for system, run in sorted(entry.runs.items()):
            written.append(write_run(path.with_name(f"{name}.{system}{path.suffix or '.run'}"), run, system))
        written.append(write_judgements(path.with_name(f"{name}.qrels"), data.relevant))
    return written


def write_pair(file: str, runs: Mapping[str, Run]) -> list[str]:
    """For `docs.run` one file a ranking, by its tag: `docs.release-6.run`; their paths."""
    path = Path(file).expanduser()
    return [
        write_run(path.with_name(f"{path.stem}.{tag}{path.suffix or '.run'}"), run, tag) for tag, run in runs.items()
    ]


def write_run(path: Path, run: Run, tag: str) -> str:
    """Write one ranking: query, Q0, document, rank from 1, score, tag; a query that found nothing has no line.

    Scores have nine digits, which is all that a float32 has: who sorts by them, equal ones by the larger id first as
    trec_eval does, gets the ranks.
    """
    rows = (
        f"{query} Q0 {doc} {rank} {np.float32(score):.9g} {tag}\n"
        for query, hits in run.items()
        for rank, (doc, score) in enumerate(hits, 1)
    )
    return _write(path, rows)


def write_judgements(path: Path, relevant: Mapping[str, Mapping[str, float]]) -> str:
    """Write what a set was judged by, in TREC's four columns, grades as whole numbers in the same proportions."""
    whole = whole_grades({grade for docs in relevant.values() for grade in docs.values()})
    return _write(
        path, (f"{q} 0 {doc} {whole[grade]}\n" for q, docs in relevant.items() for doc, grade in docs.items())
    )


def _write(path: Path, rows: Iterable[str]) -> str:
    try:
        write_whole(path, "".join(rows), errors="surrogateescape")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error}); give another --run") from error
    return str(path)


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in name)[:100]
