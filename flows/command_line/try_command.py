"""`minicoil try TEXTS`: from a folder of text to both rankings in a minute, without settings, and a page to send on.

Whatever is found out is an answer: that nothing beats BM25 here, too. Only text that cannot be read is an error.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from flows import screen
from flows.command_line.options import common_options, needs_training, open_place, run_flow
from flows.rendering import elsewhere, language_lines, next_steps, remarks, verdict
from minicoil.errors import UsageError
from tasks.disk import find_path, shown_name

if TYPE_CHECKING:
    from tasks.place import Place
    from tasks.trial import TrialSample

CHANNEL = "production"
# what two cores do in a minute: a piece of 170 tokens is encoded in 28 ms of CPU when its words are taught, a sentence
# in 5 ms; a word's sentences are looked at before it is chosen, and half of the words looked at are
SAMPLE = 1000
TRAINING = {"ambiguous": 12, "max_sentences": 100, "judge_at_most": 200}
_PLAN = (  # what is done, seconds of two idle cores, and how many more for each piece of text
    ("making it searchable", 9.0, 0.003),
    ("choosing words with several meanings, teaching and judging them", 16.0, 0.025),
    ("asking for each meaning", 3.0, 0.002),
)


@click.command("try")
@click.argument("texts", type=click.Path())
@click.option("--language", help="ISO 639 code of TEXTS; default: the home's own, English where it has none.")
@click.option("--base", help="Model to start from, see `minicoil extend`; its words need no teaching. For a new home.")
@common_options
def try_folder(place: dict[str, Any], texts: str, language: str | None, base: str | None) -> Any:
    """Make TEXTS searchable, teach a few of their words, show BM25 and miniCOIL side by side; a minute, no settings.

    TEXTS is a folder, a file (text, markdown, HTML, JSON lines, parquet; table.csv#column), qdrant:COLLECTION#FIELD,
    or pydocs:PACKAGE. Much text is tried on a sample. What it makes stays in --home, for `index`, `extend`, `serve`.
    """
    from minicoil.text import open_language
    from tasks.models import settle_language
    from tasks.report import write_trial_page
    from tasks.trial import FirstLook, choose_name, keep_name, look_at_senses, read_sample

    needs_training()
    started, opened = time.monotonic(), open_place(place)
    spec = corpus_spec(texts)
    code = settle_language(opened, CHANNEL, language, f"try it in another home ({elsewhere(place)})")
    sample = read_sample(opened, spec, SAMPLE, open_language(code))
    _tell_sample(place, texts, sample)
    first = _first_answer(sample)
    collection, n = choose_name(opened, CHANNEL, spec, sample.documents), len(sample.documents)
    keep_name(opened, collection, spec)
    screen.tell(f"its collection is called '{collection}'")
    _tell_stage(0, n)
    bounded = {**place, "corpus": [spec], "sample": SAMPLE, "channel": CHANNEL, "language": language, "base": base}
    indexed = run_flow("index-collection", {**bounded, "collection": collection})
    _tell_stage(1, n)
    extended = run_flow("extend-vocabulary", {**bounded, **TRAINING})
    _tell_stage(2, n)
    release = extended.release or _last_release(opened)
    answer: dict[str, Any] = {
        "collection": collection,
        "n_points": indexed.n_points,
        "n_found": sample.n_found,
        "language": code,
        "function_words": sample.function_words,
        "english": sample.function_words if code == "en" else None,
        "unusable": list(sample.unusable),
        "first": first,
        "release": release,
        "served": _served(opened),
        **_words(extended, opened, release),
    }
    texts_tried = [document.body for document in sample.documents]
    look = FirstLook() if release is None else look_at_senses(opened, release, texts_tried)
    answer |= {"look": look.row(), "remarks": remarks(answer, sample, look), **verdict(look)}
    answer["next"] = next_steps(place, collection, spec, look, answer)
    # a page is sent on: it names the texts as they were typed, not the folders of this machine
    sent = {**answer, "next": next_steps(place, collection, texts, look, answer)}
    answer["page"] = str(write_trial_page(opened.home / f"try-{collection}.html", sent, look))
    return {**answer, "seconds": round(time.monotonic() - started, 1)}


def corpus_spec(texts: str) -> str:
    """The SPEC of what was named: paths made absolute, so that later commands can be typed anywhere.

    Raises:
        UsageError: there is no such file or folder.
    """
    path = find_path(texts)
    if path.exists():
        return shown_name(path.absolute())
    name, separator, column = texts.rpartition("#")
    if separator and column and find_path(name).is_file():
        return f"{shown_name(find_path(name).absolute())}#{column}"
    if re.match(r"(qdrant|pydocs|hf):", texts):
        return texts
    raise UsageError(f"{path} was not found; give a folder with .txt, .md, .html, .jsonl, .csv or .parquet files in it")


def _tell_sample(place: Mapping[str, Any], texts: str, sample: TrialSample) -> None:
    n = len(sample.documents)
    of = f", a sample of the {sample.n_found:,} there are" if sample.n_found > n else ""
    screen.tell(f"{texts}: {n:,} pieces of text are tried{of}")
    for row in sample.unusable[:3]:
        screen.tell(f"  passed over: {row['n']:,} {row['reason']}")
    for line in language_lines(sample, elsewhere(place)):
        screen.tell(f"  {line}", "yellow")


def _first_answer(sample: TrialSample) -> dict[str, Any] | None:
    """Shown at once: plain BM25 needs nothing but the text."""
    from tasks.trial import answer_first

    first = answer_first([document.text for document in sample.documents], language=sample.language)
    if first is not None:
        screen.tell(
            f'\nBM25 already answers "{first["query"]}", words that stand side by side in more pieces than others:'
        )
        for place, row in enumerate(first["results"], 1):
            screen.tell(f"  {place}. {screen.shorten(row['text'], 110)}")
        screen.tell("")
    return first


def _tell_stage(stage: int, n_pieces: int) -> None:
    left = sum(fixed + each * n_pieces for _, fixed, each in _PLAN[stage:])
    screen.tell(f"{stage + 1} of {len(_PLAN)}: {_PLAN[stage][0]}; about {left:.0f} s left on two idle cores")


def _last_release(place: Place) -> int | None:
    """What a run before this one made: served, or waiting for a person."""
    from tasks.catalogue import release_numbers

    return _served(place) or max(release_numbers(place.objects()), default=None)


def _served(place: Place) -> int | None:
    from tasks.catalogue import read_channel

    return read_channel(place.objects(), CHANNEL).current


def _words(extended: Any, place: Place, release: int | None) -> dict[str, Any]:
    """What was taught, what was left out because queries with it ranked worse, and what the gate made of the rest."""
    rows, gate = extended.words, extended.retrieval_gate or {}
    if not rows and release is not None:  # a run before this one found it out
        from minicoil.words import Ledger
        from tasks.catalogue import open_release, read_manifest

        gate = read_manifest(place.objects(), release).facts.get("retrieval_gate") or {}
        records = Ledger.read(open_release(place.objects(), release, place.cache)).words.values()
        rows = [{"word": e.word, "forms": e.forms, "verdict": e.verdict, "reason": e.reason} for e in records]
    left_out = [row for row in rows if "lowers retrieval" in (row["reason"] or "")]
    return {
        "n_trained": sum(row["verdict"] in ("accepted", "improved") for row in rows),
        "left_out": [next(iter(row["forms"]), row["word"]) for row in left_out],
        "n_untaught": sum(row["verdict"] in ("kept_bm25", "failed") for row in rows),
        "gate": {"verdict": gate.get("verdict"), "reasons": list(gate.get("reasons", ()))},
    }
