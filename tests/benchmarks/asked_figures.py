"""What each benchmark asks of its figures: it fails where one is missed, and docs/benchmarks.md says which those are."""

from collections.abc import Callable
from typing import Any, NamedTuple

Report = dict[str, Any]


class Asked(NamedTuple):
    """One bound.

    Attributes:
        what: For people.
        find: The figure, from a benchmark's report.
        least: Fewer is a miss; None where there is no such bound.
        most: More is a miss.
        form: How it is written.
    """

    what: str
    find: Callable[[Report], float]
    least: float | None = None
    most: float | None = None
    form: str = ".3f"

    def is_met(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def bound(self) -> str:
        parts = [("at least", self.least), ("at most", self.most)]
        return ", ".join(f"{name} {value:g}" for name, value in parts if value is not None)


def _step_gains(r: Report) -> list[float]:
    """nDCG@10 over the step before, of every step but the first, which has plain BM25 before it."""
    sets = (row for rows in r["steps"].values() for row in rows.values())
    return [step["gain"][0] for row in sets for step in list(row.values())[1:]]


def _times_reordered(orders: Report) -> float:
    """Of the first ten, by worth over the order by shortfall alone; the last prefix is all words, in both."""
    ours, before = (
        sum(row["reordered"] for row in orders[name][:-1]) for name in ("by worth, log", "ceiling less ordering")
    )
    return ours / before


def _best(report: Report, dims: int) -> float:
    whole = report["whole_vocabulary"]
    return max(whole[f"{target} {dims}-d"]["scifact"]["change"] for target in ("saturated", "correlation"))


def _encoder(kind: str, batch: int, floor: float) -> Asked:
    find = lambda r: r[kind]["times_cheaper_than_fastembed"][f"batch {batch}"]  # noqa: E731
    return Asked(f"{kind}: times cheaper than FastEmbed, batch {batch}", find, least=floor, form=".2f")


def _peak(kind: str) -> Asked:
    return Asked(f"{kind}: peak MB", lambda r: r[kind]["peak_mb_above_interpreter"]["ours"], most=400, form=".0f")


def _reencoding(find: Callable[[Report], float]) -> Callable[[Report], float]:
    return lambda report: find(report["runs"][0] if "runs" in report else report)


ASKED: dict[str, tuple[Asked, ...]] = {
    "expansion": (
        Asked(
            "share of the bare encoder's pace",
            lambda r: min(r[kind]["share_of_the_bare_encoder"] for kind in ("embedded", "server") if kind in r),
            least=0.9,
        ),
        Asked(
            "farthest that the dry run was off",
            lambda r: max(
                abs(off) for kind in ("embedded", "server") if kind in r for off in r[kind]["off_by"].values()
            ),
            most=0.25,
        ),
    ),
    "adopting": (
        Asked("adopting: ms a point beside the encoder", lambda r: r["ms_a_point"], most=3.0, form=".2f"),
        Asked("adopting: points", lambda r: r["n_points"], least=100_000, form=".0f"),
    ),
    "merging": tuple(
        Asked(
            f"memory a point more, mapped files included, of what it is left to itself, {kind}",
            lambda r, kind=kind: (
                r[kind]["a little at a time"]["peak_kb_a_point"] / r[kind]["all at once"]["peak_kb_a_point"]
            ),
            most=0.5,
            form=".2f",
        )
        for kind in ("documents", "sentences")
    ),
    "reading": (
        Asked("sentences a second of CPU", lambda r: r["sentences_a_cpu_second"]["new"], least=20_000, form=".0f"),
        Asked("times as fast as the earlier way", lambda r: r["times_faster"], least=30, form=".1f"),
        Asked("times as fast by two processes", lambda r: r["times_faster_by_two"], least=1.8, form=".2f"),
        Asked(
            "minutes for 40 million sentences on 2 cores",
            lambda r: r["minutes_for_40_million"]["2"],
            most=20,
            form=".1f",
        ),
        Asked("the same on 16, computed", lambda r: r["minutes_for_40_million"]["16"], most=3, form=".1f"),
        Asked(
            "bytes of memory a sentence more, beyond a tenth",
            lambda r: r["peak_growth_bytes_a_sentence"],
            most=16,
            form=".1f",
        ),
        Asked(
            "seconds to mine and to count common words", lambda r: r["new"]["choose"]["seconds"], most=60, form=".1f"
        ),
        Asked(
            "seconds to draw 8,000 sentences of 1,000 words", lambda r: r["new"]["draw"]["seconds"], most=60, form=".1f"
        ),
    ),
    "embeddings": (
        Asked(
            "an extension of ten words, judged and promoted: share of the old commit's time",
            lambda r: r["extension"]["wall_ratio"],
            most=0.48,  # 120 s of 250
            form=".2f",
        ),
        Asked("the same in seconds", lambda r: r["extension"]["new_wall"], most=120, form=".0f"),
        Asked(
            "its CPU seconds beyond 1.15 times every text once",
            lambda r: r["extension"]["cpu_beyond_once"],
            most=20,
            form=".1f",
        ),
        Asked("seconds of the next night", lambda r: r["next_night"]["new_wall"], most=40, form=".0f"),
        Asked(
            "texts that were encoded twice for vectors",
            lambda r: sum(r[step]["encoders"]["new"]["vectors"]["n_twice"] for step in ("extension", "next_night")),
            most=0,
            form=".0f",
        ),
        Asked(
            "a scan through a full memory: CPU over that of one without",
            lambda r: r["scan"]["ratio"],
            most=1.05,  # noise of the smallest of four
            form=".3f",
        ),
        Asked(
            "evaluating a release and its parent: CPU over that of encoding the documents once",
            lambda r: r["evaluation"]["new_cold"]["cpu"] / r["evaluation"]["new_cold"]["cpu_once"],
            most=1.1,
            form=".3f",
        ),
    ),
    "embedding_service": (
        Asked(
            "highest rate of 8-word queries on one core with p99 within 50 ms, of those tried",
            lambda r: r["highest_rate_within"],
            least=150,
            form=".0f",
        ),
        Asked("p99 in ms at 150 a second", lambda r: r["at_rates"]["150"]["p99_ms"], most=50, form=".1f"),
        Asked(
            "requests that got no vector",
            lambda r: sum(step["failed"] for step in (r["at_most"], *r["at_rates"].values())),
            most=0,
            form=".0f",
        ),
    ),
    "selection": tuple(
        Asked(
            f"{name}: times the reordering that the order by shortfall brings, over prefixes",
            lambda r, name=name: _times_reordered(r["sets"][name]["orders"]),
            least=1.0,
            form=".2f",
        )
        for name in ("scifact", "kubernetes")
    )
    + tuple(
        Asked(
            f"{name}: share of the reordering of all words within 30 % of their points",
            lambda r, name=name: next(
                row["reordered"] for row in r["sets"][name]["orders"]["by worth, log"] if row["share_of_points"] == 0.3
            ),
            least=0.8,
            form=".2f",
        )
        for name in ("scifact", "kubernetes")
    )
    + tuple(
        Asked(
            f"{name}: upper end of the gain in nDCG@10 of retraining all",
            lambda r, name=name: r["sets"][name]["gain"][2],
            least=0.0,
            form="+.4f",
        )
        for name in ("scifact", "kubernetes", "postgresql", "rust")
    ),
    "server": (
        Asked("guarded rewrite with stamp, times four round trips", lambda r: r["times_faster"], least=1.6, form=".2f"),
        Asked("points found of 60,000, one shard", lambda r: r["find"]["1 shards"]["found"], least=60_000, form=".0f"),
        Asked(
            "points found of 60,000, four shards", lambda r: r["find"]["4 shards"]["found"], least=60_000, form=".0f"
        ),
    ),
    "trainer": (
        Asked(
            "ordering accuracy over the reference's, target ordering",
            lambda r: r["ratios"]["ordering"]["ordering"],
            1.01,
        ),
        Asked(
            "margin accuracy over the reference's, target ordering", lambda r: r["ratios"]["ordering"]["margin"], 1.08
        ),
        Asked(
            "times less CPU a word in a batch, the slower target",
            lambda r: r["means"]["reference"]["seconds"] / max(r["batched_cpu_seconds_per_word"].values()),
            least=150,
            form=".0f",
        ),
        Asked(
            "ordering of the word that loses most, target ordering",
            lambda r: min(row["ordering"]["ordering"] - row["reference"]["ordering"] for row in r["rows"]),
            least=-0.005,
            form="+.4f",
        ),
        Asked(
            "share of its accuracy with 200 sentences, target ordering", lambda r: r["share_with_200"]["ordering"], 0.97
        ),
        Asked(
            "CPU seconds of 1,000 words",
            lambda r: max(run["cpu_seconds"] for run in r["thousand_words"]),
            most=180,
            form=".0f",
        ),
        Asked(
            "MiB of 1,000 words beyond those of 100",
            lambda r: max(run["peak_growth_mib"] for run in r["thousand_words"]),
            most=100,
            form=".0f",
        ),
    ),
    "retrieval": (
        Asked("change of nDCG@10 on scifact, the better target, 4 numbers", lambda r: _best(r, 4), 0.006, form="+.4f"),
        Asked("the same, 8 numbers", lambda r: _best(r, 8), 0.011, form="+.4f"),
        *(
            Asked(
                f"lower end of the interval on pydocs, saturated, {dims} numbers",
                lambda r, dims=dims: r["whole_vocabulary"][f"saturated {dims}-d"]["pydocs"]["interval"][0],
                least=0,
                form="+.4f",
            )
            for dims in (4, 8)
        ),
        Asked(
            "least upper end of an interval with 20 words",
            lambda r: min(row["interval"][1] for rows in r["twenty_words"].values() for row in rows.values()),
            least=0,
            form="+.4f",
        ),
        Asked(
            "least gain of a step of an extension over the one before", lambda r: min(_step_gains(r)), 0, form="+.4f"
        ),
    ),
    "encoder": (
        _encoder("chunks", 256, 2.2),
        _encoder("chunks", 4, 1.25),
        _encoder("sentences", 256, 4.5),
        _encoder("sentences", 4, 1.5),
        _peak("chunks"),
        _peak("sentences"),
        Asked(
            "largest difference of a value",
            lambda r: max(r[kind]["largest_difference_of_a_value"] for kind in ("chunks", "sentences")),
            most=2e-6,
            form=".1e",
        ),
        Asked("ms a chunk beside the transformer", lambda r: r["post_processing_ms_a_chunk"], most=0.5, form=".2f"),
        Asked("CPU seconds to load a model", lambda r: r["load"]["cpu_seconds"], most=0.5, form=".2f"),
    ),
    "shards": tuple(
        Asked(
            f"times as fast with two workers, {kind}",
            lambda r, kind=kind: r[kind]["one_worker_seconds"] / r[kind]["two_workers_seconds"],
            least=1.7,
            form=".2f",
        )
        for kind in ("encoding", "training")
    ),
    "commands": (
        *(
            Asked(what, lambda r, name=name, key=key: r["commands"][name]["now"][key], most=most, form=".2f")
            for what, name, key, most in (
                ("seconds of `index`, 100 short documents", "index", "seconds", 4),
                ("CPU seconds of the same", "index", "cpu_seconds", 5),
                ("seconds of `search`", "search", "seconds", 1),
                ("CPU seconds of `reencode --dry-run`", "reencode_dry_run", "cpu_seconds", 4),
                ("CPU seconds of `extend` with nothing to do", "extend_nothing", "cpu_seconds", 4),
                ("CPU seconds of a refusal", "refusal", "cpu_seconds", 4),
            )
        ),
    ),
    "reencoding": (
        Asked(
            "points missed, rewritten needlessly, or wrong",
            _reencoding(lambda r: r["missed"] + r["needlessly_rewritten"] + r["points_wrong_cell_by_cell"]),
            most=0,
            form=".0f",
        ),
        Asked("seconds to find affected points", _reencoding(lambda r: r["seconds_finding"]), most=5, form=".1f"),
        Asked("times less than encoding everything", _reencoding(lambda r: r["times_less"]), least=10, form=".1f"),
        Asked(
            "least overlap on the way",
            _reencoding(lambda r: min([*r["overlap_while_expanding"], r["overlap_after_move"]])),
            least=0.92,
        ),
        Asked("overlap after vacuum", _reencoding(lambda r: r["overlap_after_vacuum"]), least=0.99),
        Asked(
            "largest score gap after vacuum",
            _reencoding(lambda r: r["largest_score_gap_after_vacuum"]),
            most=1e-5,
            form=".1e",
        ),
    ),
}


def check_asked(name: str, report: Report) -> None:
    """Hold a whole report against its bounds, all of them before anything fails."""
    found = [(asked, asked.find(report)) for asked in ASKED[name]]
    missed = [f"{a.what}: {value:{a.form}}, asked {a.bound()}" for a, value in found if not a.is_met(value)]
    assert not missed, "; ".join(missed)
