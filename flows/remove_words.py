"""The flow `remove-words`: words return to BM25, by a release like any other."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.parameters import RemoveParameters
from flows.steps import Clock, assemble_step, finish_step, open_parent_step, promote_step, publish_step
from minicoil.prior import Prior
from minicoil.stemming import stem
from tasks.bundles import remove_work
from tasks.extension import request_digest
from tasks.home_lock import writer_lock
from tasks.releases import claim_release


@flow(name="remove-words", description="Return words to BM25.", validate_parameters=False)
def remove_words(parameters: RemoveParameters) -> dict[str, Any]:
    """Bury the words' ids, publish, re-encode the points that have them."""
    place, clock = parameters.place(), Clock()
    with writer_lock(place.home, "remove"):
        finish_step(place, parameters.channel)
        parent = open_parent_step(place, parameters.channel, "minilm", 4, None)
        asked = {word: stem(word.strip().lower()) for word in parameters.words}
        known = {entry for word, entry in asked.items() if parent.vocabulary.entry_id(entry) is not None}
        rows = [{"word": entry, "verdict": "removed", "reason": "asked for"} for entry in sorted(known)]
        rows += [
            {"word": entry, "verdict": "kept_bm25", "reason": f"'{word}' was not in the vocabulary"}
            for word, entry in asked.items()
            if entry not in known
        ]
        answer = {"release": None, "parent": parent.release, "promoted": False, "words": rows, "collections": []}
        if not known:
            return {**answer, "message": "nothing to do: none of these words is in the vocabulary", "seconds": {}}
        request = request_digest({"remove": sorted(known)}, str(parent.release))
        objects, work = place.objects(), place.work / request[:16]
        with clock.timing("assemble"):
            number, prior = claim_release(objects), Prior.read(parent.folder)
            folder = work / f"release-{number}"
            built = assemble_step(parent, (), sorted(known), (), prior, request, number, folder, parameters.words)
        with clock.timing("publish"):
            published = publish_step(objects, built.folder, parent.release, built.facts, number)
        promoted: dict[str, Any] = {}
        if parameters.promote:
            with clock.timing("promote"):
                promoted = promote_step(place, parameters.channel, published.release, (), parent.release)
        remove_work(work)
        collections = promoted.get("collections", [])
        done = {"release": published.release, "promoted": bool(promoted.get("promoted")), "collections": collections}
        return {**answer, **done, "seconds": clock.seconds}
