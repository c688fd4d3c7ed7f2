"""The tables of docs/benchmarks.md, made of the files in docs/benchmarks: no figure on the page is typed by hand.

A file that is missing, or holds a part of a run, leaves a line that says so. `plot_results.py` writes them into the
page; `tests/docs/test_benchmarks_page.py` makes them again and compares.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from asked_figures import ASKED, Asked
from results_file import RESULTS

ROOT = RESULTS.parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
IMAGES = ROOT / "docs" / "images"
Results = dict[str, dict[str, Any]]
Row = tuple[str, ...]

COMMANDS = {
    "trainer": "MINICOIL_BENCH_OUT=docs/benchmarks/trainer.json pytest -m benchmark -s tests/benchmarks/test_trainer_benchmark.py",
    "retrieval": "MINICOIL_BENCH_OUT=docs/benchmarks/retrieval.json pytest -m benchmark -s tests/benchmarks/test_retrieval_benchmark.py",
    "encoder": "pytest -m benchmark -s tests/benchmarks/test_encoder_benchmark.py",
    "feature_precision": "pytest -m benchmark -s tests/benchmarks/test_feature_precision_benchmark.py",
    "selection": "pytest -m benchmark -s tests/benchmarks/test_selection_benchmark.py",
    "reencoding": "MINICOIL_BENCH_OUT=FILE pytest -m benchmark -s tests/benchmarks/test_reencoding_benchmark.py",
    "expansion": "MINICOIL_TEST_QDRANT_URL=URL pytest -m benchmark -s tests/benchmarks/test_expansion_benchmark.py",
    "adopting": "MINICOIL_TEST_QDRANT_URL=URL pytest -m benchmark -s tests/benchmarks/test_adopting_benchmark.py",
    "embeddings": "pytest -m benchmark -s tests/benchmarks/test_embedding_benchmark.py",
    "embedding_service": "pytest -m benchmark -s tests/benchmarks/test_embedding_service_benchmark.py",
    "server": "MINICOIL_TEST_QDRANT_URL=URL pytest -m benchmark -s tests/benchmarks/test_server_benchmark.py",
    "release": "pytest -m benchmark -s tests/benchmarks/test_release_benchmark.py",
    "shards": "pytest -m benchmark -s tests/benchmarks/test_shard_benchmark.py",
    "reading": "MINICOIL_BENCH_SENTENCES=5000000 pytest -m benchmark -s tests/benchmarks/test_reading_benchmark.py",
    "merging": "pytest -m benchmark -s tests/benchmarks/test_merging_benchmark.py",
    "commands": "pytest -m benchmark -s tests/benchmarks/test_command_benchmark.py",
    "load": "MINICOIL_BENCH_OUT=docs/benchmarks/load.json pytest -m benchmark -s tests/benchmarks/test_load_benchmark.py",
    "soak": "MINICOIL_BENCH_OUT=docs/benchmarks/soak.json pytest -m benchmark -s tests/benchmarks/test_soak_benchmark.py",
}
FIGURES = {
    "trainer": "Held-out ordering accuracy by word, and CPU seconds a word",
    "retrieval": "Change of nDCG@10 against BM25 with its 95 % interval",
    "encoder": "CPU and peak memory against stock FastEmbed",
    "reencoding": "Seconds against encoding everything, and overlap with the right answer on the way",
    "load": "Seconds and peak memory by size",
    "soak": "Fifty extensions in a row",
}


def read_results(folder: Path = RESULTS) -> Results:
    """Every file that is there, by name."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def digest(document: dict[str, Any]) -> str:
    """Of the figures that a plot was drawn from; it stands in the plot."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def table(header: Row, rows: list[Row]) -> str:
    """In Markdown; numbers to the right."""
    numeric = [
        bool(rows) and all(re.fullmatch(r"[-+]?[\d.,]+( ?[x%])?|-?", row[i]) for row in rows)
        for i in range(len(header))
    ]
    lines = [header, tuple("---:" if right else "---" for right in numeric), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tables(results: Results) -> dict[str, str]:
    """What stands between the markers of each name on the page."""
    made = {"ratios": _ratios(results), "asked": _asked(results), "runs": _runs(results)}
    for name, make in SECTIONS.items():
        if name not in results:
            made[name] = f"*Not measured: {name}.json is not there. Its command is in the list of runs.*"
            continue
        body = make(results[name])
        note = results[name].get("note")
        made[name] = body + (f"\n\nNote of this run: {note}." if note else "")
        if name in FIGURES:
            made[name] += f"\n\n![{FIGURES[name]}](images/benchmark-{name}.svg)"
    return made


def fill(page: str, results: Results) -> str:
    """The page with every table made anew."""
    for name, body in tables(results).items():
        begin, end = f"<!-- made from the files: {name} -->", f"<!-- end: {name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"the page needs one '{begin}' and one '{end}'")
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n\n{body}\n\n{end}{rest.partition(end)[2]}"
    return page


# -- all ratios, and where they are from


def _runs(results: Results) -> str:
    rows = []
    for name, command in COMMANDS.items():
        document = results.get(name)
        where, when = (
            ("-", "-") if document is None else (_machine(document), str(document.get("date", "not recorded")))
        )
        file = f"[{name}.json](benchmarks/{name}.json)" if document is not None else f"{name}.json: not there"
        rows.append((file, f"`{command}`", where, when))
    return table(("figures", "command", "machine", "date"), rows)


def _asked(results: Results) -> str:
    rows = []
    for name, bounds in ASKED.items():
        for asked in bounds if name in results else ():
            rows.append((name, asked.what, asked.bound(), *_found(asked, results[name])))
    return table(("benchmark", "figure", "asked", "found", ""), rows)


def _found(asked: Asked, report: dict[str, Any]) -> Row:
    try:
        value = asked.find(report)
    except (KeyError, ValueError):
        return "not in this run", ""
    return f"{value:{asked.form}}", "" if asked.is_met(value) else "**missed**"


def _machine(document: dict[str, Any]) -> str:
    machine = document.get("machine") or next((run["machine"] for run in document.get("runs", ())), "not recorded")
    if not isinstance(machine, dict):
        return str(machine)
    parts = [str(machine.get("cpu", "")), f"{machine['cores']} cores" if "cores" in machine else ""]
    if "threads" in machine:
        parts.append(f"{machine['threads']} thread" + ("s" if machine["threads"] != 1 else ""))
    load = machine.get("load_average", machine.get("load_average_before"))
    if load is not None:
        parts.append(f"load {load} before")
    return ", ".join(filter(None, parts))


def _ratios(results: Results) -> str:
    rows: list[Row] = []
    for name, find in _RATIOS:
        if name not in results:
            continue
        try:
            rows += [(*row, f"[{name}](#{name.replace('_', '-')})") for row in find(results[name])]
        except KeyError as missing:  # a run that was stopped
            rows.append((f"{name}: {missing} is not in this run", "-", "-", "-", f"[{name}](#{name})"))
    return table(("what", "ours", "baseline", "ratio", "figures"), rows)


def _trainer_ratios(r: dict[str, Any]) -> Iterator[Row]:
    means, batch = r["means"], r["batched_cpu_seconds_per_word"]
    for target in ("ordering", "correlation", "saturated"):
        ours, reference = means[target], means["reference"]
        for measure in ("ordering", "margin"):
            ratio = f"{ours[measure] / reference[measure]:.3f}x"
            yield (
                f"{measure} accuracy, {target} target",
                f"{ours[measure]:.3f}",
                f"{reference[measure]:.3f}, miniCOIL's trainer",
                ratio,
            )
        spent = reference["seconds"]
        yield (
            f"CPU seconds a word alone, {target}",
            f"{ours['seconds']:.2f}",
            f"{spent:.1f}, miniCOIL's trainer",
            f"{spent / ours['seconds']:.0f}x less",
        )
        yield (
            f"CPU seconds a word in a batch, {target}",
            f"{batch[target]:.3f}",
            f"{spent:.1f}, miniCOIL's trainer",
            f"{spent / batch[target]:.0f}x less",
        )


def _encoder_ratios(r: dict[str, Any]) -> Iterator[Row]:
    for kind in ("chunks", "sentences"):
        spent = r[kind]["cpu_ms_a_text"]
        for name, batch in (("fastembed_256", "256 (its default)"), ("fastembed_4", "4")):
            ratio = f"{spent[name] / spent['ours']:.2f}x less"
            yield (
                f"CPU ms a text, {kind}",
                f"{spent['ours']:.1f}",
                f"{spent[name]:.1f}, FastEmbed, batch {batch}",
                ratio,
            )
        peak = r[kind]["peak_mb_above_interpreter"]
        ratio = f"{peak['fastembed_256'] / peak['ours']:.1f}x less"
        yield (
            f"peak memory in MB, {kind}",
            f"{peak['ours']:,}",
            f"{peak['fastembed_256']:,}, FastEmbed, batch 256",
            ratio,
        )


def _reencoding_ratios(r: dict[str, Any]) -> Iterator[Row]:
    for run in r.get("runs", [r]):
        what = f"seconds to re-encode {run['n_affected']:,} affected of {run['n_points']:,} points"
        yield (
            what,
            f"{run['seconds_expand']:.0f}",
            f"{run['seconds_encode_everything']:.0f}, all of them",
            f"{run['times_less']:.1f}x less",
        )


def _expansion_ratios(r: dict[str, Any]) -> Iterator[Row]:
    for kind in _kinds(r):
        run = r[kind]
        what = f"points a second, {run['n_affected']:,} affected of {r['n_points']:,} re-encoded, {kind}"
        bare = f"{run['bare_encoder_points_a_second']:,.0f}, the encoder alone"
        yield what, f"{run['points_a_second']:,.0f}", bare, f"{run['share_of_the_bare_encoder']:.2f}x"


def _server_ratios(r: dict[str, Any]) -> Iterator[Row]:
    now, before = (max(r["rewritten_per_second"][way]) for way in ("now", "four trips"))
    what = f"points rewritten a second under guard and stamp, Qdrant {r['server']}"
    yield what, f"{now:,}", f"{before:,}, in four round trips", f"{now / before:.2f}x"


def _embeddings_ratios(r: dict[str, Any]) -> Iterator[Row]:
    for step, name in EMBEDDING_STEPS.items():
        now, before = r[step]["new_wall"], r[step]["old_wall"]
        yield f"seconds of {name}", f"{now:.0f}", f"{before:.0f}, the commit before", f"{before / now:.1f}x less"
    now, before = (r["evaluation"][f"{side}_cold"]["cpu"] for side in ("new", "old"))
    what = f"CPU seconds to evaluate {r['n_documents']:,} documents for a release and its parent"
    yield what, f"{now:.0f}", f"{before:.0f}, the commit before", f"{before / now:.1f}x less"


def _embedding_service_ratios(r: dict[str, Any]) -> Iterator[Row]:
    ours, bare = r["most_queries_a_second"], r["bare_loop_queries_a_second"]
    what = f"{r['words_a_query']}-word queries a second over HTTP, one core"
    yield what, f"{ours:.0f}", f"{bare:.0f}, a bare ONNX Runtime loop", f"{r['share_of_the_bare_loop']:.2f}x"


def _adopting_ratios(r: dict[str, Any]) -> Iterator[Row]:
    now, before = r["ms_a_point"], r["ms_a_point_one_by_one"]
    what = f"ms a point adopted, the encoder left out, Qdrant {r['server']}"
    yield what, f"{now:.2f}", f"{before:.2f}, a request a point", f"{before / now:.2f}x less"


def _merging_ratios(r: dict[str, Any]) -> Iterator[Row]:
    for kind in ("documents", "sentences"):
        now, before = (r[kind][way]["peak_kb_a_point"] for way in ("a little at a time", "all at once"))
        what = f"KB of memory a point more while {kind} are merged"
        yield what, f"{now:.1f}", f"{before:.1f}, all at once", f"{before / now:.1f}x less"


def _retrieval_ratios(r: dict[str, Any]) -> Iterator[Row]:
    for kind, rows in r["whole_vocabulary"].items():
        for name, row in rows.items():
            plain = r["sets"][name]["bm25_ndcg@10"]
            yield (
                f"nDCG@10 on {name}, {kind}",
                f"{plain + row['change']:.3f}",
                f"{plain:.3f}, BM25 of the same tokens",
                f"{1 + row['change'] / plain:.3f}x",
            )


def _release_ratios(r: dict[str, Any]) -> Iterator[Row]:
    add, pull = r["append"], r["pull"]
    what = f"ms to add {add['n_added']} words to {add['n_words']:,}"
    yield (
        what,
        f"{add['append_ms']:.1f}",
        f"{add['anew_ms']:.0f}, the stack written anew",
        f"{add['anew_ms'] / add['append_ms']:.0f}x less",
    )
    yield (
        "seconds to pull a release, every file hashed",
        f"{pull['seconds']:.2f}",
        f"{pull['copy_seconds']:.2f}, plain copy",
        f"{pull['seconds'] / pull['copy_seconds']:.2f}x",
    )


def _shard_ratios(r: dict[str, Any]) -> Iterator[Row]:
    for kind in (unit for unit in SHARD_UNITS if unit in r):
        one, two = r[kind]["one_worker_seconds"], r[kind]["two_workers_seconds"]
        yield f"seconds of {kind}, two workers", f"{two:.0f}", f"{one:.0f}, one worker", f"{one / two:.2f}x less"


def _command_ratios(r: dict[str, Any]) -> Iterator[Row]:
    for name, sides in r["commands"].items():
        if "before" in sides:
            now, before = sides["now"]["cpu_seconds"], sides["before"]["cpu_seconds"]
            what = f"CPU seconds of {COMMAND_NAMES[name]}"
            yield what, f"{now:.1f}", f"{before:.1f}, with a Prefect server of its own", f"{before / now:.1f}x less"


EMBEDDING_STEPS = {"extension": "an extension of ten words", "next_night": "the next night's five words"}
COMMAND_NAMES = {
    "index": "`index` of 100 short documents",
    "search": "`search`",
    "reencode_dry_run": "`reencode --dry-run`",
    "extend_nothing": "`extend` with nothing to do",
    "refusal": "a refused `extend`",
}
SHARD_UNITS = {"encoding": "sentences", "training": "words"}


_RATIOS: tuple[tuple[str, Callable[[dict[str, Any]], Iterator[Row]]], ...] = (
    ("trainer", _trainer_ratios),
    ("retrieval", _retrieval_ratios),
    ("encoder", _encoder_ratios),
    ("reencoding", _reencoding_ratios),
    ("expansion", _expansion_ratios),
    ("server", _server_ratios),
    ("embeddings", _embeddings_ratios),
    ("embedding_service", _embedding_service_ratios),
    ("adopting", _adopting_ratios),
    ("release", _release_ratios),
    ("shards", _shard_ratios),
    ("merging", _merging_ratios),
    ("commands", _command_ratios),
)


# -- one section a file


def _trainer(r: dict[str, Any]) -> str:
    kinds = ("reference", "ordering", "correlation", "saturated")
    rows = []
    for row in r["rows"]:
        cells = [f"{row[kind]['ordering']:.3f} / {row[kind]['margin']:.3f}" for kind in kinds]
        rows.append((row["word"], f"{row['n_test_triplets']:,}", f"{row['ceiling']:.3f}", *cells))
    if means := r.get("means"):
        rows.append(("mean", "", "", *(f"{means[k]['ordering']:.3f} / {means[k]['margin']:.3f}" for k in kinds)))
    text = table(("word", "test triplets", "ceiling", *(f"{kind}: ordering / margin" for kind in kinds)), rows)
    if share := r.get("share_with_200"):
        told = ", ".join(f"{value:.3f} ({target})" for target, value in share.items())
        text += f"\n\n200 sentences reach this share of the accuracy of all sentences: {told}."
    for run in r.get("thousand_words", []):
        text += (
            f"\n\n1,000 words of {run['sentences_each']:,.0f} sentences each: {run['cpu_seconds']:.0f} CPU seconds, "
            f"{run['peak_growth_mib']:.0f} MiB more memory than 100 words."
        )
    return text


def _retrieval(r: dict[str, Any]) -> str:
    rows = []
    for title, group in (("whole vocabulary", "whole_vocabulary"), ("twenty words", "twenty_words")):
        for kind, sets in r.get(group, {}).items():
            rows += [(f"{title}, {kind}", *_change(name, row)) for name, row in sets.items()]
    for kind, sets in r.get("steps", {}).items():
        for name, steps in sets.items():
            rows += [(f"{step}, {kind}", *_change(name, row)) for step, row in steps.items()]
    sets = "; ".join(
        f"{name}: {row['n_documents']:,} documents, {row['n_queries']:,} queries, nDCG@10 of BM25 {row['bm25_ndcg@10']:.3f}"
        for name, row in r.get("sets", {}).items()
    )
    header = ("what was trained", "set", "words", "change of nDCG@10", "95 % interval", "better / worse")
    return f"{sets}; mean of {len(r.get('seeds', []))} seeds.\n\n{table(header, rows)}"


def _change(name: str, row: dict[str, Any]) -> Row:
    low, high = row["interval"]
    return (
        name,
        f"{row['n_words']:,}",
        f"{row['change']:+.4f}",
        f"{low:+.4f} to {high:+.4f}",
        f"{row['n_better']} / {row['n_worse']}",
    )


def _encoder(r: dict[str, Any]) -> str:
    rows = []
    for kind in ("chunks", "sentences"):
        entry = r[kind]
        for name, title in (
            ("ours", "ours"),
            ("fastembed_4", "FastEmbed, batch 4"),
            ("fastembed_256", "FastEmbed, batch 256"),
        ):
            spent, peak = entry["cpu_ms_a_text"][name], entry["peak_mb_above_interpreter"][name]
            rows.append((f"{kind} of {entry['mean_tokens']:.0f} tokens", title, f"{spent:.2f}", f"{peak:,}"))
    text = table(("texts", "who", "CPU ms a text", "peak MB"), rows)
    gap = max(r[kind]["largest_difference_of_a_value"] for kind in ("chunks", "sentences"))
    text += f"\n\nLargest difference of a value to FastEmbed's: {gap:.1e}."
    if loading := r.get("load"):
        text += f" A model of {loading['n_words']:,} words is loaded in {loading['cpu_seconds']:.2f} s of CPU."
    if cores := r.get("two_against_one"):
        one = cores["wall_seconds_of_one"]
        told = ", ".join(
            f"{kind} {one / cores[kind]['wall_seconds']:.2f}x as fast"
            for kind in ("threads", "processes")
            if kind in cores
        )
        text += f" Two cores against one: {told}."
    return text


def _feature_precision(r: dict[str, Any]) -> str:
    found = r["held_out_ordering_accuracy_on_float32"]
    return table(
        ("features kept as", "held-out ordering accuracy"), [(name, f"{value:.4f}") for name, value in found.items()]
    )


def _selection(r: dict[str, Any]) -> str:
    rows = []
    for name, of in r["sets"].items():
        counts = (of[key] for key in ("n_documents", "n_queries", "n_measured", "n_weak", "n_better", "n_rewritten"))
        what = f"{name} (formula chosen on it)" if name in r["chosen_on"] else name
        found = (f"{of['words_a_point']:.1f}", f"{of['reordered']:.1%}", f"{of['ndcg_before']:.4f}", _gain(of["gain"]))
        rows.append((what, *(f"{n:,}" for n in counts), *found))
    header = ("set", "points", "queries", "words measured", "underperform", "better when retrained", "points rewritten")
    text = table((*header, "of them a point", "of the first ten changed", "nDCG@10 before", "gain of all"), rows)
    for name, of in r["sets"].items():
        shares = [f"{row['share_of_points']:.0%}" for row in next(iter(of["orders"].values()))]
        rows = []
        for order, found in of["orders"].items():
            rows.append((order, "words", *(str(row["n_words"]) for row in found)))
            rows.append(("", "gain in nDCG@10", *(f"{row['gain'][0]:+.4f}" for row in found)))
            rows.append(("", "share of all words' reordering", *(f"{row['reordered']:.0%}" for row in found)))
            rows.append(("", "share of expected gain", *(f"{row['expected']:.0%}" for row in found)))
        text += f"\n\n{name}, within a share of the points that all words rewrite:\n\n"
        text += table(("order", "", *shares), rows)
    return text


def _gain(values: list[float]) -> str:
    mean, low, high = values
    return f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]"


def _reencoding(r: dict[str, Any]) -> str:
    rows = []
    for run in r.get("runs", [r]):
        way = min(run["overlap_while_expanding"]) if run["overlap_while_expanding"] else 1.0
        rows.append(
            (
                f"{run['n_points']:,}",
                f"{run['n_affected']:,}",
                f"{run['missed']} / {run['needlessly_rewritten']}",
                f"{run['seconds_finding']:.1f}",
                f"{run['seconds_expand']:.1f}",
                f"{run['seconds_encode_everything']:.0f}",
                f"{way:.3f}",
                f"{run['overlap_after_vacuum']:.3f}",
            )
        )
    header = (
        "points",
        "affected",
        "missed / needless",
        "s to find",
        "s to expand",
        "s to encode all",
        "least overlap on the way",
        "after vacuum",
    )
    notes = [
        f"{run['n_points']:,} points: {run['note']}." for run in r.get("runs", [r]) if run.get("note") and "runs" in r
    ]
    return "\n\n".join([table(header, rows), *notes])


def _release(r: dict[str, Any]) -> str:
    add, pull = r["append"], r["pull"]
    rows = [
        (
            f"{add['n_added']} rows appended to {add['n_words']:,} words",
            f"{add['append_ms']:.1f} ms",
            f"written anew {add['anew_ms']:.0f} ms",
        ),
        (
            f"{pull['size_mib']:,} MiB pulled and hashed",
            f"{pull['seconds']:.2f} s",
            f"plain copy {pull['copy_seconds']:.2f} s",
        ),
    ]
    return table(("what", "ours", "baseline"), rows)


def _shards(r: dict[str, Any]) -> str:
    rows = []
    for kind, unit in SHARD_UNITS.items():
        for who in ("one_worker", "two_workers") if kind in r else ():
            seconds, cpu = r[kind][f"{who}_seconds"], r[kind][f"{who}_cpu_seconds"]
            rows.append((f"{kind} {r[kind]['size']:,} {unit}", who.replace("_", " "), f"{seconds:.1f}", f"{cpu:.1f}"))
    return table(("what", "who", "s on the clock", "s of CPU in all"), rows)


def _reading(r: dict[str, Any]) -> str:
    rows: list[Row] = []
    whos = {"earlier": "the earlier way", "new": "one process", "two": "two processes", "small": "two, of a fifth"}
    for who, name in whos.items():
        read = r[who]["read"]
        rate = round(read["n_sentences"] / read["cpu_seconds"])
        figures = (f"{read['n_sentences']:,}", f"{read['seconds']:.1f}", f"{read['cpu_seconds']:.1f}", f"{rate:,}")
        rows.append((name, *figures, f"{r[who]['peak_mib']:,.0f}"))
    steps = [
        f"{r['new'][step]['seconds']:.1f} s ({r['new'][step]['cpu_seconds']:.1f} of CPU)" for step in ("choose", "draw")
    ]
    minutes = r["minutes_for_40_million"]
    note = (
        f"Choosing words of the new way's counts took {steps[0]}, drawing their sentences {steps[1]}. Two processes are "
        f"{r['times_faster_by_two']} times as fast as one; 40 million sentences would take {minutes['2']} minutes on 2 "
        f"cores and {minutes['16']} on 16, computed from what the two shared and what one alone did."
    )
    head = ("way", "sentences", "s on the clock", "s of CPU", "sentences a second of CPU", "peak MiB of all processes")
    return table(head, rows) + f"\n\n{note}"


def _merging(r: dict[str, Any]) -> str:
    rows: list[Row] = []
    for kind in ("documents", "sentences"):
        for way, found in r[kind].items():
            for n, row in found["sizes"].items():
                memory = (f"{row['own_mib']:,.0f}", f"{row['peak_mib']:,.0f}")
                search = f"{row['ms_a_search']:.2f}" if "ms_a_search" in row else "-"
                rows.append(
                    (kind, way, f"{int(n):,}", *memory, f"{row['seconds']:.0f}", f"{row['longest']:.1f}", search)
                )
    head = (
        "points", "merged", "how many", "own MiB", "MiB with mapped files", "s of the engine", "longest call, s", "ms a search"
    )  # fmt: skip
    return table(head, rows)


def _commands(r: dict[str, Any]) -> str:
    rows: list[Row] = []
    for name, sides in r["commands"].items():
        figures = [
            f"{sides[side][key]:.2f}" if side in sides else "-" for side in ("now", "before") for key in sides["now"]
        ]
        rows.append((COMMAND_NAMES[name], *figures))
    return table(("command", "seconds", "CPU seconds", "seconds before", "CPU seconds before"), rows)


def _load(r: dict[str, Any]) -> str:
    rows = []
    for kind, unit in LOAD_UNITS.items():
        for run in r.get(kind, []):
            pace = f"{run['seconds'] / run['size'] * 1000:.3g}" if run["size"] else "-"
            parts, own = (run.get(f"{what}_mib_by_part", {}) for what in ("peak", "own"))
            engine, held = (f"{part['engine']:,.0f}" if "engine" in part else "-" for part in (parts, own))
            peak = f"{run['peak_mib']:,.0f}"
            rows.append((unit, f"{run['size']:,}", f"{run['seconds']:,.0f}", pace, peak, engine, held))
    titles = ("peak MiB", "of it the engine's", "of that not its files")
    return table(("of what", "size", "seconds", "ms each", *titles), rows)


LOAD_UNITS = {"corpus": "MB of corpus", "points": "points", "words": "words of one extension"}


def _soak(r: dict[str, Any]) -> str:
    shown = ("open_files", "rss_mb", "owner_rss_mb", "store_mb", "engine_mb", "seconds")
    rows = []
    for title in ("first", "last", "pruned"):
        row = r.get(title) or {}
        name = {"first": "settled", "last": f"after {r.get('extensions', len(r.get('rows', [])))}", "pruned": "pruned"}[
            title
        ]
        rows.append((name, *(f"{row[key]:,}" if key in row else "-" for key in shown)))
    return table(("extensions", *(key.replace("_", " ") for key in shown)), rows)


def _kinds(r: dict[str, Any]) -> list[str]:
    return [kind for kind in ("embedded", "server") if kind in r]


def _expansion(r: dict[str, Any]) -> str:
    rows = [
        (
            kind,
            what.replace("_", " "),
            f"{said:,.0f}",
            f"{r[kind]['came'][what]:,.0f}",
            f"{100 * r[kind]['off_by'][what]:+.0f} %",
        )
        for kind in _kinds(r)
        for what, said in r[kind]["said"].items()
    ]
    return table(("engine", "of the expansion", "the dry run said", "came", "off by"), rows)


def _server(r: dict[str, Any]) -> str:
    rows = [
        (name, f"{row['found']:,} of {row['of']:,}", f"{row['seconds']:.1f}") for name, row in sorted(r["find"].items())
    ]
    return table(("a cell that every point has", "found", "seconds"), rows)


def _embeddings(r: dict[str, Any]) -> str:
    rows: list[Row] = []
    for step, name in EMBEDDING_STEPS.items():
        for side, who in (("old", "the commit before"), ("new", "now")):
            passes = sum(row["n_passes"] for row in r[step]["encoders"][side].values())
            row = (f"{r[step][f'{side}_wall']:.0f}", f"{r[step][f'{side}_cpu']:.0f}", f"{passes:,}")
            rows.append((name, who, *row))
    for run, row in r["evaluation"].items():
        side, _, turn = run.partition("_")
        who = "now" if side == "new" else "the commit before"
        figures = (f"{row['wall']:.0f}", f"{row['cpu']:.0f}", f"{row['n_passes']:,}")
        rows.append((f"an evaluation of {r['n_documents']:,} documents, {turn}", who, *figures))
    scan = (
        f"A scan through a full memory takes {r['scan']['ratio']:.2f} times the CPU of one without."
        if "scan" in r
        else ""
    )
    head = ("what", "who", "s on the clock", "s of CPU", "texts through the encoder")
    return f"{table(head, rows)}\n\n{scan}".rstrip()


def _embedding_service(r: dict[str, Any]) -> str:
    rows = [
        ("as fast as 16 clients can", r["at_most"]),
        *((f"{rate} a second", r["at_rates"][rate]) for rate in r["at_rates"]),
    ]
    lines = [
        (name, f"{row['per_second']:.0f}", f"{row['p50_ms']:.1f}", f"{row['p99_ms']:.1f}", f"{row['failed']:.0f}")
        for name, row in rows
    ]
    return table(("8-word queries, one a request", "answered a second", "p50 ms", "p99 ms", "failed"), lines)


def _adopting(r: dict[str, Any]) -> str:
    rows = [
        (f"adopted, {r['n_points']:,} points", f"{r['ms_a_point']:.2f}"),
        (f"adopted with a request a point, {r['n_points_one_by_one']:,} points", f"{r['ms_a_point_one_by_one']:.2f}"),
        ("upserted by its owner, dense vector and text", f"{r['ms_a_point_upserted_by_its_owner']:.2f}"),
        ("undone", f"{r['ms_a_point_undone']:.2f}"),
    ]
    return table(("a point", "ms"), rows)


SECTIONS: dict[str, Callable[[dict[str, Any]], str]] = {
    "trainer": _trainer,
    "retrieval": _retrieval,
    "encoder": _encoder,
    "feature_precision": _feature_precision,
    "selection": _selection,
    "reencoding": _reencoding,
    "expansion": _expansion,
    "embeddings": _embeddings,
    "embedding_service": _embedding_service,
    "server": _server,
    "adopting": _adopting,
    "release": _release,
    "shards": _shards,
    "reading": _reading,
    "merging": _merging,
    "commands": _commands,
    "load": _load,
    "soak": _soak,
}
