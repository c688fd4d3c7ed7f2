"""What `minicoil try` says of what it found: of the language, the verdict, what to know beside, what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.trial import FirstLook, TrialSample

_NEAREST = 3  # words named where nothing beats BM25
_ENOUGH = 200  # sentences of a word, see `minicoil extend --help`


def elsewhere(place: Mapping[str, Any]) -> str:
    """Options of a place that is not this one: a home's language is fixed, and lies in its object store."""
    return "--home OTHER --store OTHER" if place["store"] else "--home OTHER"


def language_lines(sample: TrialSample, other: str) -> list[str]:
    """What to know of a text that is not English, or not of the language that it is taken for.

    Args:
        sample: The text.
        other: Options of another place: this one's language is settled as soon as the text is searchable.
    """
    from tasks.trial import fewest_function_words

    lines, language = [], sample.language
    if not sample.is_of_language:
        looks, name = "", language.name
        if sample.looks is not None:
            looks = f", rather like {sample.looks.name} (`--language {sample.looks.code} {other}`)"
        lines.append(
            f"this does not look like {name}{looks}: {sample.function_words:.0%} of its words are {name} function "
            f"words, running text has {fewest_function_words(language):.0%} at the least"
        )
    if not (sample.is_of_language and language.is_english):
        code = (sample.looks or language).code
        asked = "L" if code == "en" else code
        # of whatever language, a word without a layer is hashed by its English stem, as FastEmbed has no other stemmer
        stems = "English stems" if language.is_english else f"{language.name} stop words, and forms meet once taught"
        lines.append(
            "the packaged encoder was made for English: it tells meanings of other languages by luck; BM25 works, with "
            f"{stems}. An encoder of the language comes with a new home: `minicoil index NAME --corpus "
            f"SPEC --language {asked} --encoder E {other}`, then `extend` with the same options"
        )
    return lines


def verdict(look: FirstLook) -> dict[str, Any]:
    """`beats_bm25`, and the one sentence that says so."""
    beats = look.is_better
    if not look.n_asked:
        message = (
            "No word of this text shows two meanings in enough sentences, so meaning has nothing to tell apart here, "
            "and BM25 serves it as well."
        )
    else:
        counts = (
            f"over {look.n_asked:,} queries cut from this text, {look.of_bm25 / look.n_looked:.0%} of first results "
            f"have the meaning that was asked for with BM25, {look.of_minicoil / look.n_looked:.0%} with miniCOIL (the "
            f"very first one in {look.n_bm25:,} and in {look.n_minicoil:,} of them)"
        )
        chance = ", which chance explains" if look.of_minicoil > look.of_bm25 else ""
        message = (
            f"miniCOIL beats BM25 here: {counts}." if beats else f"Nothing beats BM25 on this text: {counts}{chance}."
        )
    return {"beats_bm25": beats, "message": message}


def remarks(answer: Mapping[str, Any], sample: TrialSample, look: FirstLook) -> list[str]:
    """What a person has to know beside the verdict, a sentence each."""
    told = []
    if answer["left_out"]:
        told.append(
            f"left on BM25, because queries with them ranked worse by meaning: {', '.join(answer['left_out'])}; the "
            "counts are of the words that stood, which flatters these a little"
        )
    if answer["release"] is not None and answer["served"] != answer["release"]:
        told.append(
            f"searches stay as they are: the gate did not let release {answer['release']} be served "
            f"({'; '.join(answer['gate']['reasons'][:2]) or 'see the report'}); the rankings shown are that release's"
        )
    if not look.is_better:
        if nearest := [word for word in look.words if word.of_minicoil >= word.of_bm25][:_NEAREST]:
            shown = ", ".join(f"{w.form} ({w.of_bm25} and {w.of_minicoil} of {w.n_looked})" for w in nearest)
            told.append(f"nearest to it, results with the asked meaning by BM25 and by miniCOIL: {shown}")
        told.append(
            f"what would help: more text, since a word is learned well from {_ENOUGH} sentences and this sample has "
            f"{answer['n_points']:,} pieces; texts in which one word means several things; all frequent words taught, "
            "not a few (`minicoil extend --common 1000`)"
        )
    if not sample.is_of_language:
        told.append(f"the text does not look {sample.language.name}, and the packaged encoder was made for English")
    elif not sample.language.is_english:
        told.append("the packaged encoder was made for English")
    return told


def next_steps(
    place: Mapping[str, Any], collection: str, spec: str, look: FirstLook, answer: Mapping[str, Any]
) -> list[str]:
    """Commands that lead on from here."""
    where = [("home", ".minicoil", "--home"), ("store", None, "--store"), ("qdrant_url", None, "--qdrant-url")]
    at = "".join(f" {option} {shlex.quote(place[name])}" for name, usual, option in where if place[name] != usual)
    spec = shlex.quote(spec)
    steps = [f'minicoil search {collection} "your own words" --compare{at}']
    if look.words:
        steps.append(f"minicoil words {look.words[0].form}{at}")
    if answer["n_found"] > answer["n_points"]:
        steps.append(f"minicoil index {collection} --corpus {spec}{at}    # all of it")
    if answer["release"] is not None and answer["served"] != answer["release"]:
        steps.append(f"minicoil release promote {answer['release']}{at}    # serve it all the same")
    return [
        *steps,
        f"minicoil extend --common 1000 --corpus {spec}{at}    # the frequent words, on all sentences",
        f"minicoil serve{at}    # forms, schedules and approval in a browser",
    ]
