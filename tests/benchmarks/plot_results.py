"""Draws docs/images/benchmark-*.svg from docs/benchmarks/*.json and makes the tables of docs/benchmarks.md anew.

    .venv/bin/python tests/benchmarks/plot_results.py

Run it after a benchmark has written its file. A file without a date gets one: of its last commit, or, if it was changed
since, of its last change on this disk. Missing files are left out.
"""

import json
import subprocess
from collections.abc import Callable
from datetime import date
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  # after the backend is chosen
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402
from results_file import RESULTS  # noqa: E402
from results_page import FIGURES, IMAGES, LOAD_UNITS, PAGE, digest, fill, read_results  # noqa: E402

INK, MUTED, GRID = "#1f2328", "#59636e", "#d8dee4"
OURS, OTHER, THIRD, FOURTH = "#0b6e99", "#b0b8c1", "#d9822b", "#7a5ea8"
WIDTH = 9.0  # inches
STYLE = {
    "svg.hashsalt": "minicoil",  # the same figures give the same bytes
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
}


def main() -> None:
    """Dates, plots, page."""
    stamp_dates()
    results = read_results()
    plt.rcParams.update(STYLE)
    for name, draw in PLOTS.items():
        if name in results:
            figure = draw(results[name])
            facts = {"Date": None, "Title": FIGURES[name], "Description": f"figures {digest(results[name])}"}
            figure.savefig(IMAGES / f"benchmark-{name}.svg", metadata=facts, facecolor="white")
            plt.close(figure)
    PAGE.write_text(fill(PAGE.read_text("utf-8"), results), encoding="utf-8")


def stamp_dates() -> None:
    """Give files of older runs the date they are from."""
    for path in sorted(RESULTS.glob("*.json")):
        document = json.loads(path.read_text("utf-8"))
        if "date" in document:
            continue
        changed = _git("status", "--porcelain", "--", str(path))
        when = _git("log", "-1", "--format=%cs", "--", str(path)) if changed == "" else ""
        document = {"date": when or date.fromtimestamp(path.stat().st_mtime).isoformat(), **document}
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _git(*words: str) -> str | None:
    done = subprocess.run(["git", *words], cwd=RESULTS, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def draw_trainer(r: dict[str, Any]) -> Figure:
    """Accuracy by word; seconds on a logarithmic scale."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.6), width_ratios=(1.5, 1), layout="constrained")
    rows = sorted(r["rows"], key=lambda row: row["reference"]["ordering"])
    kinds = (
        ("reference", OTHER, "miniCOIL's trainer"),
        ("ordering", OURS, "ordering"),
        ("correlation", FOURTH, "correlation"),
        ("saturated", THIRD, "saturated"),
    )
    for kind, colour, label in kinds:
        left.scatter([row[kind]["ordering"] for row in rows], range(len(rows)), color=colour, label=label, zorder=3)
    left.scatter(
        [row["ceiling"] for row in rows], range(len(rows)), marker="|", color=MUTED, label="ceiling (full width)"
    )
    left.set_yticks(range(len(rows)), [row["word"] for row in rows])
    left.set_title("ordering accuracy, held out")
    left.legend(loc="lower left", bbox_to_anchor=(0, 1.08), ncols=3, fontsize=8.5, handletextpad=0.2, columnspacing=1)
    means, batch = r.get("means"), r.get("batched_cpu_seconds_per_word", {})
    if means:
        bars = [("miniCOIL's trainer", means["reference"]["seconds"], OTHER)]
        for kind, colour, _ in kinds[1:]:
            bars.append((f"{kind}, alone", means[kind]["seconds"], colour))
            if kind in batch:
                bars.append((f"{kind}, in a batch", batch[kind], colour))
        for place, (_, value, colour) in enumerate(bars[::-1]):
            right.scatter(value, place, color=colour, zorder=3)
            right.annotate(f"{value:.2g}", (value, place), xytext=(7, 0), textcoords="offset points", va="center")
        right.set_yticks(range(len(bars)), [label for label, _, _ in bars[::-1]])
        right.set_xscale("log")
        right.set_xlim(0.02, 70)
        right.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        right.set_title("CPU seconds a word")
    return figure


def draw_retrieval(r: dict[str, Any]) -> Figure:
    """A dot and its interval for every configuration and set."""
    rows = []
    for title, group in (("all words", "whole_vocabulary"), ("20 words", "twenty_words")):
        for kind, sets in r.get(group, {}).items():
            rows += [(f"{title}, {kind}", name, row) for name, row in sets.items()]
    for kind, sets in r.get("steps", {}).items():
        rows += [(f"{step}, {kind}", name, row) for name, steps in sets.items() for step, row in steps.items()]
    names = list(r.get("sets", {}))
    labels = list(dict.fromkeys(label for label, _, _ in rows))[::-1]
    figure, axes = plt.subplots(
        1,
        max(len(names), 1),
        figsize=(WIDTH, 0.34 * len(labels) + 1.3),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, name in zip(axes[0], names, strict=True):
        axis.axvline(0, color=MUTED, linewidth=0.8)
        for label, of, row in rows:
            if of == name:
                low, high = row["interval"]
                shown = OURS if low > 0 else (THIRD if high < 0 else OTHER)
                axis.plot([low, high], [labels.index(label)] * 2, color=shown, linewidth=2, solid_capstyle="round")
                axis.scatter(row["change"], labels.index(label), color=shown, s=28, zorder=3)
        axis.set_yticks(range(len(labels)), labels)
        axis.set_ylim(-0.6, len(labels) - 0.4)
        axis.set_title(name)
    figure.suptitle(
        "change of nDCG@10 against BM25, 95 % intervals; grey where 0 is inside", fontsize=10, x=0.01, ha="left"
    )
    return figure


def draw_encoder(r: dict[str, Any]) -> Figure:
    """CPU and memory, chunks and sentences."""
    figure, axes = plt.subplots(2, 2, figsize=(WIDTH, 3.2), layout="constrained")
    who = (("fastembed_256", "FastEmbed, 256", OTHER), ("fastembed_4", "FastEmbed, 4", OTHER), ("ours", "ours", OURS))
    for row, kind in zip(axes, ("chunks", "sentences"), strict=True):
        entry = r[kind]
        for axis, key, title in zip(
            row, ("cpu_ms_a_text", "peak_mb_above_interpreter"), ("CPU ms a text", "peak MB"), strict=True
        ):
            bars = [(label, entry[key][name], colour) for name, label, colour in who]
            _bars(
                axis,
                bars,
                f"{kind} of {entry['mean_tokens']:.0f} tokens: {title}",
                "{:,.0f}" if "peak" in key else "{:.1f}",
            )
    return figure


def draw_reencoding(r: dict[str, Any]) -> Figure:
    """Seconds beside encoding everything; overlap with the right answer while points are rewritten."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), layout="constrained")
    runs = sorted(r.get("runs", [r]), key=lambda run: run["n_points"])
    bars = []
    for run in runs:
        bars.append((f"{run['n_points']:,} points: all of them", run["seconds_encode_everything"], OTHER))
        bars.append((f"{run['n_affected']:,} affected", run["seconds_expand"], OURS))
    _bars(left, bars[::-1], "seconds", "{:,.0f}")
    for run, colour in zip(runs, (THIRD, OURS), strict=False):
        way = [*run["overlap_while_expanding"], run["overlap_after_move"], run["overlap_after_vacuum"]]
        x = [i / max(len(way) - 3, 1) * 100 for i in range(len(way) - 2)] + [125, 155]
        right.plot(x, way, marker="o", color=colour, label=f"{run['n_points']:,} points")
    right.set_xticks([0, 50, 100, 125, 155], ["0 %", "50 %", "all", "moved", "vacuum"], fontsize=8.5)
    right.set_ylim(min(0.9, right.get_ylim()[0]), 1.005)
    right.set_title("top-10 overlap with the right answer")
    right.set_xlabel("affected points rewritten")
    right.legend(loc="lower right")
    return figure


def draw_load(r: dict[str, Any]) -> Figure:
    """Seconds above, memory below, both logarithmic in size."""
    kinds = [kind for kind in LOAD_UNITS if r.get(kind)]
    figure, axes = plt.subplots(2, max(len(kinds), 1), figsize=(WIDTH, 4.2), squeeze=False, layout="constrained")
    for column, kind in enumerate(kinds):
        runs = sorted(r[kind], key=lambda run: run["size"])
        sizes = [run["size"] for run in runs]
        for axis, key, title in ((axes[0][column], "seconds", "seconds"), (axes[1][column], "peak_mib", "peak MiB")):
            values = [run[key] for run in runs]
            axis.plot(sizes, values, marker="o", color=OURS)
            axis.set_xscale("log")
            if key == "seconds":
                axis.set_yscale("log")
                if values[0] > 0:  # as it would be if it grew with the size and no faster
                    axis.plot(sizes, [values[-1] * size / sizes[-1] for size in sizes], color=OTHER, linestyle=":")
            else:
                axis.set_ylim(0, max(values) * 1.15)
            axis.set_xticks(sizes, [_short(size) for size in sizes])
            axis.minorticks_off()
            axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
            axis.set_title(f"{LOAD_UNITS[kind]}: {title}")
    return figure


def draw_soak(r: dict[str, Any]) -> Figure:
    """Memory, disk and seconds by extension."""
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.6), layout="constrained")
    columns = list(zip(*r["rows"], strict=True))
    for axis, lines, title in (
        (axes[0], ((2, "resident", OURS),), "memory of the process, MB"),
        (axes[1], ((3, "object store", OURS), (4, "engine", THIRD)), "disk, MB"),
        (axes[2], ((1, "seconds", OURS),), "seconds an extension"),
    ):
        for index, label, colour in lines:
            axis.plot(columns[0], columns[index], color=colour, label=label)
        axis.set_ylim(0, axis.get_ylim()[1] * 1.1)
        axis.set_title(title)
        axis.set_xlabel("extensions")
    axes[1].legend(loc="upper left", fontsize=8.5)
    return figure


def _bars(axis: Axes, bars: list[tuple[str, float, str]], title: str, form: str) -> None:
    """Bars from 0 with their values at the end, without an axis to read them from."""
    values = [value for _, value, _ in bars]
    axis.barh([label for label, _, _ in bars], values, color=[colour for _, _, colour in bars], height=0.62)
    axis.set_xlim(0, max(values) * 1.18)
    for place, value in enumerate(values):
        axis.annotate(
            form.format(value), (value, place), xytext=(4, 0), textcoords="offset points", va="center", color=INK
        )
    axis.set_title(title)
    axis.grid(False)
    axis.spines["bottom"].set_visible(False)
    axis.tick_params(left=False, bottom=False, labelbottom=False, which="both")


def _short(size: float) -> str:
    for unit, name in ((1e6, " M"), (1e3, " k")):
        if size >= unit:
            return f"{size / unit:g}{name}"
    return f"{size:g}"


PLOTS: dict[str, Callable[[dict[str, Any]], Figure]] = {
    "trainer": draw_trainer,
    "retrieval": draw_retrieval,
    "encoder": draw_encoder,
    "reencoding": draw_reencoding,
    "load": draw_load,
    "soak": draw_soak,
}


if __name__ == "__main__":
    main()
