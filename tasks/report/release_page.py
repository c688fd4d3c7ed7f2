"""A release told on one HTML page: verdict, retrieval, words, sense maps, queries, points."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from minicoil.config import RetrievalGateConfig
from minicoil.harmless import harmless
from minicoil.retrieval import Difference, QueryChange, SetResult
from minicoil.training import telling_words
from minicoil.words import WordRecord
from tasks.proof import Proof
from tasks.report.report_charts import draw_accuracy, draw_intervals
from tasks.report.word_page import draw_marks, sense_colour
from tasks.report.word_view import WordView

_WORDS_SHOWN = 400
_QUERIES_SHOWN = 12  # at each end of a set
_HINT = "Point at a mark, or touch it, to read its sentence."


@dataclass(frozen=True)
class ReleaseStory:
    """What the page tells.

    Attributes:
        words: Records of every word that was looked at.
        views: Words with a map of their sentences.
        affected: Collection, points, points with a new or retrained word.
        with_text: False leaves sentences and queries out.
    """

    title: str
    grown_from: str
    words: Sequence[WordRecord]
    views: Sequence[WordView]
    proof: Proof
    affected: Sequence[tuple[str, int, int]]
    with_text: bool = True


def render_page(story: ReleaseStory) -> str:
    """The page: self-contained, without network, and with one script that nothing of the text can add to."""
    style, script = (_asset(name) for name in ("report.css", "report.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    sections = (_retrieval(story), _queries(story), _maps(story), _points(story), _words(story))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(story.title)} - miniCOIL</title><style>{style}</style></head><body>"
        f"{_head(story)}{''.join(sections)}<script>{script}</script></body></html>\n"
    )


def _asset(name: str) -> str:
    return (files("tasks.report") / name).read_text("utf-8")


def _text(text: str) -> str:
    return html.escape(harmless(text), quote=True)


def _head(story: ReleaseStory) -> str:
    verdict = story.proof.verdict
    counts: dict[str, int] = {}
    for record in story.words:
        counts[record.verdict] = counts.get(record.verdict, 0) + 1
    told = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in sorted(counts.items()))
    reasons = "".join(f"<li>{_text(reason)}</li>" for reason in verdict.reasons)
    hurting = (
        f"<p>Words that lower retrieval: <b>{_text(', '.join(verdict.hurting))}</b></p>" if verdict.hurting else ""
    )
    return (
        f"<header><h1>{_text(story.title.capitalize())}</h1><p>Grown from {_text(story.grown_from)}. Words: {told}.</p>"
        f'<div class="verdict {verdict.verdict}"><b>Retrieval gate: {verdict.verdict}</b><ul>{reasons}</ul>{hurting}'
        "</div></header>"
    )


def _retrieval(story: ReleaseStory) -> str:
    results = [entry.result for entry in story.proof.evaluated]
    not_used = "".join(f"<li>{_text(reason)}</li>" for reason in story.proof.not_used)
    notes = f'<ul class="notes">{not_used}</ul>' if not_used else ""
    if not results:
        return f"<section><h2>Retrieval</h2><p>Nothing to judge it on.</p>{notes}</section>"
    rows = [(r.data.name, r.against["bm25"]["ndcg@10"], r.against["parent"]["ndcg@10"]) for r in results]
    chart = draw_intervals(rows, RetrievalGateConfig.margin)
    table = "".join(_retrieval_row(result) for result in results)
    return (
        "<section><h2>Retrieval</h2><p>Change of nDCG@10 with its 95 % interval: <span class='key dot'></span> against "
        "BM25 of the same words, <span class='key ring'></span> against the parent. Right of 0 is better; left of the "
        f"dashed line is a loss the gate refuses.</p>{chart}<div class='wide'><table><thead><tr><th>set</th>"
        "<th>queries</th><th>documents</th><th>BM25</th><th>parent</th><th>this release</th><th>better / worse</th>"
        f"</tr></thead><tbody>{table}</tbody></table></div>{_steps(results)}{notes}</section>"
    )


def _steps(results: Sequence[SetResult]) -> str:
    """From BM25 to the release step by step, for an extension that has new words and retrained ones."""
    taken = [result for result in results if result.steps]
    if not taken:
        return ""
    head = "".join(f"<th>{name}</th>" for name in ("BM25", *(step.name for step in taken[0].steps)))
    rows = "".join(
        f"<tr><th>{_text(result.data.name)}</th><td>{result.means['bm25']['ndcg@10']:.4f}</td>"
        + "".join(f"<td>{step.ndcg:.4f}<br><small>{_interval(step.gain)}</small></td>" for step in result.steps)
        + "</tr>"
        for result in taken
    )
    return (
        "<h3>Step by step</h3><p>nDCG@10, and what each step adds to the one before, with its 95 % interval.</p>"
        f"<div class='wide'><table><thead><tr><th>set</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _interval(found: Difference) -> str:
    return f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def _retrieval_row(result: SetResult) -> str:
    changes = [query.change for query in result.queries]
    better, worse = sum(change > 1e-9 for change in changes), sum(change < -1e-9 for change in changes)
    data = result.data
    proxy = " <small>proxy: made from the text, without labels</small>" if data.is_proxy else ""
    figures = "".join(f"<td>{result.means[name]['ndcg@10']:.4f}</td>" for name in ("bm25", "parent", "minicoil"))
    return (
        f"<tr><th>{_text(data.name)}{proxy}</th><td>{len(data.queries):,}</td><td>{len(data.documents):,}</td>"
        f"{figures}<td>{better} / {worse}</td></tr>"
    )


def _words(story: ReleaseStory) -> str:
    order = {"accepted": 0, "improved": 0, "unchanged": 1, "kept_bm25": 2, "failed": 3, "removed": 4}
    records = sorted(story.words, key=lambda record: (order.get(record.verdict, 9), record.word))
    rows = "".join(
        f'<tr><th>{_text(record.word)}</th><td class="{record.verdict}">{record.verdict.replace("_", " ")}</td>'
        f"<td>{record.n_sentences:,}</td><td>{_number(record.ordering_accuracy)}</td>"
        f"<td>{draw_accuracy(record.ordering_accuracy, record.ceiling, record.old_ordering_accuracy)}</td>"
        f"<td>{_number(record.margin_accuracy)}</td><td>{_number(record.ceiling)}</td>"
        f'<td class="reason">{_text(record.reason)}</td></tr>'
        for record in records[:_WORDS_SHOWN]
    )
    more = len(records) - _WORDS_SHOWN
    rest = f"<p>and {more:,} more in the release's ledger</p>" if more > 0 else ""
    return (
        "<section><h2>Words</h2><p>Shares of held-out triplets in the right order. The bar runs from chance to 1; the "
        "dark tick is the ceiling, the full-width embedding on the same triplets; the light one the layer before.</p>"
        "<div class='wide'><table class='words'><thead><tr><th>word</th><th>verdict</th><th>sentences</th>"
        "<th>ordering</th><th></th><th>margin</th><th>ceiling</th><th>why</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{rest}</section>"
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _maps(story: ReleaseStory) -> str:
    if not story.views:
        return ""
    names = {record.word: record.forms[0] for record in story.words if record.forms}
    cards = "".join(_map(view, names.get(view.word, view.word), story.with_text) for view in story.views)
    return (
        "<section><h2>Sense maps</h2><p>Each mark is a sentence, placed by the word's own numbers and coloured by the "
        "role model's senses: colours that lie apart are meanings that search now tells apart. Circle noun, square "
        f"verb, triangle modifier.</p><div class='maps'>{cards}</div></section>"
    )


def _map(view: WordView, name: str, with_text: bool) -> str:
    senses = sorted(set(view.senses[view.senses >= 0].tolist()))
    legend = ""
    for sense in senses if len(senses) > 1 else ():
        words = ", ".join(telling_words(view.texts, view.senses, sense, view.word, 3)) if with_text else ""
        label = _text(words) or f"sense {sense + 1}"
        legend += f'<li><span style="background:{sense_colour(sense)}"></span>{label}</li>'
    caption = f'<p class="sentence" aria-live="polite">{_HINT}</p>' if with_text else ""
    return (
        f'<figure><figcaption>{_text(name)}</figcaption><svg viewBox="0 0 600 600" role="img" '
        f'aria-label="Sentences with {_text(name)} by meaning">{draw_marks(view, with_text)}</svg>'
        f"<ul>{legend or '<li>one sense</li>'}</ul>{caption}</figure>"
    )


def _queries(story: ReleaseStory) -> str:
    if not story.with_text:
        return ""
    parts = []
    for entry in story.proof.evaluated:
        ranked = entry.result.helped_first()
        helped = [query for query in ranked if query.change > 0][:_QUERIES_SHOWN]
        hurt = [query for query in reversed(ranked) if query.change < 0][:_QUERIES_SHOWN]
        if helped or hurt:
            rows = "".join(_query_row(query) for query in (*helped, *hurt))
            parts.append(
                f"<h3>{_text(entry.result.data.name)}</h3><div class='wide'><table class='queries'><thead><tr>"
                "<th>query</th><th>BM25</th><th>parent</th><th>this release</th><th>words that moved it</th></tr>"
                f"</thead><tbody>{rows}</tbody></table></div>"
            )
    if not parts:
        return ""
    return f"<section><h2>Queries, helped most and hurt most</h2>{''.join(parts)}</section>"


def _query_row(query: QueryChange) -> str:
    words = ", ".join(f"{_text(word)} {effect:+.2f}" for word, effect in query.words[:4]) or "several together"
    figures = "".join(f"<td>{query.ndcg[name]:.3f}</td>" for name in ("bm25", "parent", "minicoil"))
    kind = "better" if query.change > 0 else "worse"
    return f'<tr class="{kind}"><th>{_text(query.text[:200])}</th>{figures}<td>{words}</td></tr>'


def _points(story: ReleaseStory) -> str:
    if not story.affected:
        return ""
    rows = "".join(
        f"<tr><th>{_text(name)}</th><td>{total:,}</td><td>{found:,}</td></tr>" for name, total, found in story.affected
    )
    return (
        "<section><h2>Points to re-encode</h2><p>Points with a word that changed; all others keep their vectors.</p>"
        "<div class='wide'><table><thead><tr><th>collection</th><th>points</th><th>to re-encode</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )
