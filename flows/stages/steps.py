"""Functions of `tasks` as steps of flows: named for the run's page, never cached, their values kept in this process.

The truth about a run lies in object storage; Prefect's records are for people to look at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from flows.orchestration import step
from minicoil.harmless import guard_logs
from tasks.adoption import (
    adopt_collection,
    attach_collection,
    mend_collection,
    move_back,
    plan_adoption,
    rebuild_collection,
    undo_adoption,
)
from tasks.catalogue import publish_release
from tasks.collections import index_documents
from tasks.models import check_folder, import_base, open_encoders, open_parent
from tasks.proof import compare_releases, evaluate_on_collection, evaluate_set, find_standard, make_proxies, prove
from tasks.readers import settle_readers
from tasks.reading import read_sentences
from tasks.releases import assemble, joined_tokens_of
from tasks.report import write_report
from tasks.rewriting import (
    abandon_promotion,
    contract_channel,
    finish_pending,
    plan_promotion,
    promote,
    roll_back_channel,
    sweep_channel,
    with_reclaimed_ids,
)
from tasks.training import (
    choose_ambiguous,
    choose_words,
    count_points,
    encode_features,
    estimate,
    find_underperforming,
    learn_from_corpus,
    make_prior,
    recall_results,
    sample_held_out,
    sample_sentences,
    select_words,
    train_unit,
)

guard_logs()  # every process that runs a flow comes by here: a worker's as well as the command line's
base_step = step(import_base, "import-base")
open_parent_step = step(open_parent, "open-parent")
open_encoders_step = step(open_encoders, "open-encoders")
reclaim_step = step(with_reclaimed_ids, "reclaim-ids")
read_step = step(read_sentences, "read-corpus")
choose_step = step(choose_words, "choose-words")
ambiguous_step = step(choose_ambiguous, "choose-ambiguous-words")
estimate_step = step(estimate, "estimate")
count_points_step = step(count_points, "count-points")
select_step = step(select_words, "select-words")
sample_step = step(sample_sentences, "sample-sentences")
held_out_step = step(sample_held_out, "sample-held-out-sentences")
recall_step = step(recall_results, "recall-trained-words")
encode_step = step(encode_features, "encode-sentences")
importance_step = step(learn_from_corpus, "learn-importance")
prior_step = step(make_prior, "make-prior")
measure_step = step(find_underperforming, "measure-words")
train_step = step(train_unit, "train-words")
joined_step = step(joined_tokens_of, "find-joined-tokens")
check_folder_step = step(check_folder, "check-folder")
assemble_step = step(assemble, "assemble-release")
publish_step = step(publish_release, "publish-release")
promote_step = step(promote, "promote-release")
attach_step = step(attach_collection, "attach-collection")
adopt_step = step(adopt_collection, "adopt-collection")
plan_adoption_step = step(plan_adoption, "plan-adoption")
undo_adoption_step = step(undo_adoption, "undo-adoption")
move_back_step = step(move_back, "move-alias-back")
rebuild_step = step(rebuild_collection, "rebuild-collection")
plan_step = step(plan_promotion, "plan-promotion")
sweep_step = step(sweep_channel, "sweep-collections")
finish_step = step(finish_pending, "finish-interrupted-promotion")
settle_readers_step = step(settle_readers, "settle-readers")
abandon_step = step(abandon_promotion, "abandon-promotion")
rollback_step = step(roll_back_channel, "rollback-release")
contract_step = step(contract_channel, "contract-collections")
index_step = step(index_documents, "index-documents")
mend_step = step(mend_collection, "mend-collection")
evaluate_step = step(evaluate_set, "evaluate-set")
evaluate_collection_step = step(evaluate_on_collection, "evaluate-on-collection")
compare_step = step(compare_releases, "compare-releases")
find_standard_step = step(find_standard, "find-best-release")
prove_step = step(prove, "judge-retrieval")
report_step = step(write_report, "write-report")
proxies_step = step(make_proxies, "make-proxy-queries")


class Clock:
    """Seconds by step, for the report."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._cpu_started = time.process_time()

    @property
    def cpu_minutes(self) -> float:
        """Of this process since the flow began."""
        return round((time.process_time() - self._cpu_started) / 60, 1)

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Add the body's time to `name`."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - started, 2)
