"""The model card: README.md of a release, for people who meet the folder without this service.

Its front matter is what hubs of models read: licence, language, what it grew from, the library that loads it, and
figures with their intervals as a `model-index`.

Source: Hugging Face, "Model Cards"; `huggingface_hub.ModelCardData` writes the front matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minicoil.harmless import harmless_line
from minicoil.retrieval import BM25, RELEASE, SetResult
from minicoil.words import Vocabulary
from tasks.models import PACKAGED, Parent
from tasks.training import WordResult

_PACKAGED_ID, _PACKAGED_LICENCE = "sentence-transformers/all-MiniLM-L6-v2", "apache-2.0"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_METRICS = {"ndcg@10": "ndcg_at_10", "mrr@10": "mrr_at_10", "recall@100": "recall_at_100"}  # as MTEB's cards call them
_SHOWN = {"ndcg@10": "nDCG@10", "mrr@10": "MRR@10", "recall@100": "recall@100"}
_KINDS = {
    "judged": "judged by people",
    "known_item": "made from a collection's own text",
    "sense": "words asked for in one meaning",
}
_FORMS = 4
_TAGS = ("minicoil", "sparse", "sparse-retrieval", "bm25", "qdrant")


@dataclass(frozen=True)
class CardFacts:
    """What the card of a release says that its files do not.

    Attributes:
        release: Its number.
        sources: SPECs of the corpora its words were trained on.
        recipe: The command that makes it again; "" where nobody said.
        request: Digest of what was asked for and of the text that was read.
        remove: Words that returned to BM25.
        judged: Results of the sets it was judged on; empty: it was not judged.
    """

    release: int
    sources: Sequence[str] = ()
    recipe: str = ""
    request: str = ""
    remove: Sequence[str] = ()
    judged: Sequence[SetResult] = ()


def source_names(specs: Sequence[str]) -> list[str]:
    """Corpora as a stranger may read of them: of a path on this machine, only its last part.

    >>> source_names(["pydocs:torch", "/home/me/texts/docs.jsonl", "hf:scifact#text", "hf:/home/me/set#text"])
    ['pydocs:torch', 'docs.jsonl', 'hf:scifact#text', 'hf:set#text']
    """
    return [_source_name(harmless_line(spec)) for spec in specs]


def _source_name(spec: str) -> str:
    if spec.startswith(("pydocs:", "qdrant:")):
        return spec
    if spec.startswith("hf:"):
        return spec if _set_id(spec) else f"hf:{Path(spec.removeprefix('hf:')).name}"
    return Path(spec).name


def _set_id(spec: str) -> str | None:
    """The data set of a hub that a SPEC names, None where it is none.

    >>> [_set_id(spec) for spec in ("hf:ag_news:train#text", "hf:BeIR/scifact:corpus#text", "hf:/data/set#text")]
    ['ag_news', 'BeIR/scifact', None]
    """
    name = re.split(r"[:#]", spec.removeprefix("hf:"))[0]
    return name if spec.startswith("hf:") and _HUB_ID.fullmatch(name) and not Path(name).exists() else None


def model_card(parent: Parent, vocabulary: Vocabulary, results: Sequence[WordResult], facts: CardFacts) -> str:
    """README.md of a release: what is in it, what it learned from, how good it is, how to load it and to make it again.

    Args:
        parent: What it grew from.
        vocabulary: The release's own.
        results: Of every word that was looked at.
        facts: What else there is to say.
    """
    from huggingface_hub import ModelCard

    data = _front_matter(parent, facts)
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n\n{_body(parent, vocabulary, results, facts)}")
    return str(card)


def _front_matter(parent: Parent, facts: CardFacts) -> Any:
    from huggingface_hub import EvalResult, ModelCardData

    found = [
        EvalResult(
            task_type="sparse-information-retrieval",
            task_name="Sparse Information Retrieval",
            dataset_type=_dataset_type(result),
            dataset_name=harmless_line(result.data.name),
            metric_type=_METRICS[name],
            metric_name=_SHOWN[name],
            metric_value=round(value, 4),
            metric_args=_interval(result, name),
        )
        for result in facts.judged
        for name, value in result.means[RELEASE].items()
    ]
    bases = [_hub_id(name) for name in (parent.facts.base, parent.facts.encoder) if name]
    return ModelCardData(
        language=parent.facts.language,
        license=_licence(parent),
        base_model=list(dict.fromkeys(name for name in bases if name)) or None,
        library_name="fastembed",
        pipeline_tag="feature-extraction",
        tags=list(_TAGS),
        datasets=sorted({name for spec in facts.sources if (name := _set_id(spec))}) or None,
        metrics=list(_METRICS.values()) if found else None,
        model_name=f"miniCOIL release {facts.release}" if found else None,
        eval_results=found or None,
    )


def _licence(parent: Parent) -> str:
    """Of what it grew from, which is what binds whoever passes it on; "unknown" is a word of the hub's own."""
    if parent.facts.base:
        return parent.facts.base_licence or "unknown"
    return _PACKAGED_LICENCE if parent.facts.encoder == PACKAGED else "unknown"


def _hub_id(name: str) -> str | None:
    if name == PACKAGED:
        return _PACKAGED_ID
    return name if "/" in name and _HUB_ID.fullmatch(name) else None


def _dataset_type(result: SetResult) -> str:
    """One a set: figures of sets with the same type would be thrown together."""
    name = re.sub(r"[^a-z0-9]+", "-", result.data.name.lower()).strip("-") or "set"
    return name if result.data.kind == "judged" else f"{result.data.kind.replace('_', '-')}-{name}"


def _interval(result: SetResult, name: str) -> dict[str, Any]:
    change = result.against[BM25][name]
    interval = {"gain_interval_95": [round(change.low, 4), round(change.high, 4)]} if _has_interval(result) else {}
    return {
        "bm25": round(result.means[BM25][name], 4),
        "gain_over_bm25": round(change.mean, 4),
        **interval,
        "n_queries": len(result.data.queries),
        "n_documents": len(result.data.documents),
    }


def _has_interval(result: SetResult) -> bool:
    """Whether anything was drawn: queries about words are drawn by the word, and one word alone is always the same."""
    return not result.data.words or len(set(result.data.words.values())) > 1


def _body(parent: Parent, vocabulary: Vocabulary, results: Sequence[WordResult], said: CardFacts) -> str:
    served = sorted((r.record for r in results if r.weights is not None), key=lambda r: r.word)
    rows = "\n".join(
        f"| {r.word} | {', '.join(r.forms[:_FORMS])} | {r.verdict} | {r.n_sentences} "
        f"| {r.ordering_accuracy:.3f} | {r.margin_accuracy:.3f} | {r.ceiling:.3f} |"
        for r in served
        if r.ordering_accuracy is not None and r.margin_accuracy is not None and r.ceiling is not None
    )
    origin = "an empty vocabulary" if parent.release is None else f"release {parent.release}"
    facts, sources = parent.facts, source_names(said.sources)
    if facts.base:
        origin += f" of a lineage that began with {facts.base} (licence: {facts.base_licence or 'see its own card'})"
    encoder = f"{facts.encoder} (sha256 {facts.encoder_digest[:16]}), whose licence applies to `onnx/model.onnx`"
    data = f", on sentences of {_as_code(sources, ', ')} and of what was read before" if sources and served else ""
    removed = f"\nReturned to BM25: {', '.join(sorted(said.remove))}.\n" if said.remove else ""
    return f"""# miniCOIL model: {len(vocabulary.known_words):,} words x {vocabulary.dims} dimensions

Grown from {origin}; encoder {encoder}. {len(served):,} words were added or retrained here{data}.
{removed}
## Load it

FastEmbed (give the avg_len, k and b of your collection; `minicoil index` prints them):

    from fastembed import SparseTextEmbedding
    model = SparseTextEmbedding("Qdrant/minicoil-v1", specific_model_path="THIS_FOLDER", avg_len=150.0)

qdrant-client:

    options = {{"specific_model_path": "THIS_FOLDER", "avg_len": 150.0}}
    models.Document(text="...", model="Qdrant/minicoil-v1", options=options)

A hybrid query, beside a dense vector of your own:

    client.query_points(
        "docs",
        prefetch=[
            models.Prefetch(query=models.Document(text="...", model="Qdrant/minicoil-v1", options=options),
                            using="minicoil", limit=50),
            models.Prefetch(query=dense_vector, using="dense", limit=50),
        ],
        query=models.FusionQuery(fusion=models.Fusion.RRF),
    )

This project's own, several times faster encoder:

    import minicoil
    model = minicoil.load("THIS_FOLDER", avg_len=150.0)

A client caches a model by its path: keep each release in a folder of its own name.

## Retrieval

{_figures(said.judged)}

## Where its text came from

{_text_sources(parent, sources, bool(served))}

## Make it again

{_recipe(said)}

## Limits

- {_language(vocabulary)}
- A word that is not among the {len(vocabulary.known_words):,} is plain BM25, and so is a query that has none of them.
- A layer knows the meanings of the text it was trained on; where a word has one meaning, nothing is gained over BM25.
- Vectors of two releases are compared with care: a collection is encoded, and queried, with one release.

## Words added or retrained

Words are stems, each beside the forms that were met most often.

Accuracies are shares of held-out triplets; the ceiling is the full-width token embedding's.

| word | forms | verdict | sentences | ordering | margin | ceiling |
|---|---|---|---:|---:|---:|---:|
{rows}
"""


def _language(vocabulary: Vocabulary) -> str:
    if vocabulary.language.is_english:
        return "English: stems and stop words are English ones."
    name = vocabulary.language.name
    return (
        f"{name}: stop words are {name} ones, and so are the stems that the forms of a word share, which are listed "
        "one by one; FastEmbed's stemmer, by which words without a layer are matched, is English."
    )


def _figures(judged: Sequence[SetResult]) -> str:
    if not judged:
        return "Not judged: no figures are claimed."
    lines = [
        "Means over queries; the gain over BM25 of the same words with its 95 % interval, by paired bootstrap.\n",
        "| set | queries | documents | measure | BM25 | this release | gain | 95 % interval |",
        "|---|---:|---:|---|---:|---:|---:|---:|",
    ]
    for result in judged:
        name = harmless_line(result.data.name).replace("|", "\\|")
        sizes = f"{len(result.data.queries):,} | {len(result.data.documents):,}"
        for measure, shown in _SHOWN.items():
            change = result.against[BM25][measure]
            means = f"{result.means[BM25][measure]:.4f} | {result.means[RELEASE][measure]:.4f}"
            interval = f"{change.low:+.4f} to {change.high:+.4f}" if _has_interval(result) else "none: one word"
            gain = f"{change.mean:+.4f} | {interval}"
            lines.append(f"| {name} ({_KINDS[result.data.kind]}) | {sizes} | {shown} | {means} | {gain} |")
    return "\n".join(lines)


def _text_sources(parent: Parent, sources: Sequence[str], has_words: bool) -> str:
    before = (
        ""
        if parent.release is None
        else f" Layers taken from release {parent.release} learned from what its card names."
    )
    if not sources or not has_words:
        return f"No text was read for this release.{before}"
    named = _as_code(sources, "\n- ")
    return f"Sentences of:\n\n- {named}\n\nThe text itself is not in this folder; its licences are its owners'.{before}"


def _as_code(names: Sequence[str], between: str) -> str:
    return between.join(f"`{name.replace('`', '')}`" for name in names)


def _recipe(said: CardFacts) -> str:
    if not said.recipe:
        return "No command was recorded: the layers were made elsewhere."
    from minicoil import __version__

    lines = [
        harmless_line(said.recipe),
        "",
        f"With minicoil-service {__version__}, on a channel that serves what this grew from.",
    ]
    lines[0] = f"    {lines[0]}"
    if said.request:
        lines.append(
            f"Digest of the request and of the text it read: `{said.request[:16]}`; the same one is the same release."
        )
    return "\n".join(lines)
