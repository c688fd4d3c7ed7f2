"""The flow `remove-words`: words return to BM25, by a release like any other."""

from __future__ import annotations

from flows.forms import RemoveParameters, spell_recipe
from flows.orchestration import flow, show_words, take_turn
from flows.outcomes import RemovalOutcome
from flows.stages import Clock, assemble_step, finish_first, open_parent_step, publish_and_settle, run_or_pause
from minicoil.training import Prior
from tasks.catalogue import claim_release, read_channel, request_digest
from tasks.metrics import count_words
from tasks.models import remove_published_work
from tasks.releases import Draft, plan_removal
from tasks.rewriting import reused_of


@flow(name="remove-words", description="Return words to BM25.")
def remove_words(parameters: RemoveParameters) -> RemovalOutcome:
    """Bury the words' ids, publish, re-encode the points that have them."""
    return run_or_pause(_remove, parameters, RemovalOutcome)


def _remove(parameters: RemoveParameters) -> RemovalOutcome:
    place, clock = parameters.place(), Clock()
    with take_turn(place, parameters.channel, "remove"):
        finish_first(place, parameters)
        remove_published_work(place)
        if read_channel(place.objects(), parameters.channel).current is None:
            return _nothing_to_remove(parameters)
        parent = open_parent_step(place, parameters.channel)
        removal = plan_removal(parent, parameters.words)
        rows, known = list(removal.rows), list(removal.known)
        answer = {"release": None, "parent": parent.release, "promoted": False, "words": rows, "collections": []}
        if not known:
            message = "nothing to do: none of these words is in the vocabulary"
            return RemovalOutcome.of({**answer, "message": message, "seconds": {}})
        request = request_digest({"remove": known}, str(parent.release))
        with clock.timing("assemble"):
            number, prior = claim_release(place.objects()), Prior.read(parent.folder)
            folder = place.work_on(request) / f"release-{number}"
            reused = reused_of(parent, place.objects())
            recipe = spell_recipe(parameters)
            draft = Draft(
                parent, number, folder, request, prior, parameters.words, remove=known, reused=reused, recipe=recipe
            )
            built = assemble_step(draft, ())
        published, promoted = publish_and_settle(place, parameters, draft, built, {}, clock)
        show_words(rows)
        count_words(row["verdict"] for row in rows)
        return RemovalOutcome.of({**answer, **promoted, "release": published.release, "seconds": clock.seconds})


def _nothing_to_remove(parameters: RemoveParameters) -> RemovalOutcome:
    """Said before an encoder is exported, which takes many times as long."""
    channel = parameters.channel
    reason = f"channel '{channel}' serves no release, so every word is plain BM25"
    rows = [{"word": word, "verdict": "kept_bm25", "reason": reason} for word in parameters.words]
    message = (
        f"nothing to do: {reason}; `minicoil extend --common 1000 --corpus SPEC --channel {channel}` makes a first one"
    )
    answer = {"release": None, "parent": None, "promoted": False, "words": rows, "collections": [], "message": message}
    return RemovalOutcome.of({**answer, "seconds": {}})
