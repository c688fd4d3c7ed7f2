"""The model card: README.md of a release, for people who meet the folder without this service."""

from __future__ import annotations

from collections.abc import Sequence

from minicoil.harmless import harmless_line
from minicoil.retrieval import BM25, RELEASE, SetResult
from minicoil.words import Vocabulary
from tasks.models import Parent
from tasks.releases.front_matter import SHOWN, CardFacts, front_matter, has_interval, source_names
from tasks.training import WordResult

_KINDS = {
    "judged": "judged by people",
    "known_item": "made from a collection's own text",
    "sense": "words asked for in one meaning",
}
_FORMS = 4
_IMPORTANCE = """
This release carries importance: how much a word matters in its document. FastEmbed and qdrant-client encode queries of
every collection, but no documents of a collection that was made with importance, for they leave its weights out. There
give the digest that `minicoil index` printed:

    model = minicoil.load("THIS_FOLDER", avg_len=150.0, importance="DIGEST")
"""


def model_card(parent: Parent, vocabulary: Vocabulary, results: Sequence[WordResult], facts: CardFacts) -> str:
    """README.md of a release: what is in it, what it learned from, how good it is, how to load it and to make it again.

    Args:
        parent: What it grew from.
        vocabulary: The release's own.
        results: Of every word that was looked at.
        facts: What else there is to say.
    """
    from huggingface_hub import ModelCard

    data = front_matter(parent, facts)
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n\n{_body(parent, vocabulary, results, facts)}")
    return str(card)


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
{_IMPORTANCE if said.has_importance else ""}
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
        for measure, shown in SHOWN.items():
            change = result.against[BM25][measure]
            means = f"{result.means[BM25][measure]:.4f} | {result.means[RELEASE][measure]:.4f}"
            interval = f"{change.low:+.4f} to {change.high:+.4f}" if has_interval(result) else "none: one word"
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
