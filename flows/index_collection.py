"""The flow `index-collection`: a corpus becomes searchable, with whatever words the channel's release knows."""

from __future__ import annotations

from flows.forms import IndexParameters
from flows.orchestration import flow, take_turn
from flows.outcomes import IndexOutcome
from flows.stages import Clock, base_step, index_step, mend_step
from flows.upkeep import with_shared_corpora
from minicoil.errors import UsageError
from tasks.adoption import Mended
from tasks.catalogue import resolve_name
from tasks.collections import IndexRequest
from tasks.corpus import read_corpora
from tasks.documents import CorpusReport, StoredOwners


@flow(name="index-collection", description="Create or feed a collection from a corpus.")
def index_collection(parameters: IndexParameters) -> IndexOutcome:
    """Read documents and write those that are new or changed."""
    parameters = with_shared_corpora(parameters)
    place, clock, report = parameters.place(), Clock(), CorpusReport()
    if parameters.delete_missing and parameters.sample is not None:
        raise UsageError("--delete-missing needs the whole corpus; leave --sample out")
    with take_turn(place, parameters.channel, "index"), place.points() as points, clock.timing("total"):
        request = IndexRequest(
            collection=resolve_name(place, parameters.collection),
            channel=parameters.channel,
            encoder=parameters.encoder,
            dims=parameters.dims,
            k=parameters.k,
            b=parameters.b,
            avg_len=parameters.avg_len,
            importance=parameters.importance,
            language=parameters.language,
        )
        if parameters.base is not None:
            base_step(place, parameters.channel, parameters.base, parameters.language)
        mended: Mended | None = mend_step(place, points, request)
        documents = read_corpora(
            parameters.corpus,
            report,
            parameters.sample,
            points=points,
            on_duplicate=parameters.on_duplicate,
            owners=StoredOwners(points, request.collection),
        )
        result = index_step(place, points, request, documents, report, parameters.sample, parameters.delete_missing)
    return IndexOutcome.of({**result, "mended": mended.row() if mended else None, "seconds": clock.seconds})
