"""The model card: README.md of a release, for people who meet the folder without this service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from minicoil.harmless import harmless_line
from minicoil.words import Vocabulary
from tasks.models import Parent
from tasks.training import WordResult


def source_names(specs: Sequence[str]) -> list[str]:
    """Corpora as a stranger may read of them: of a path on this machine, only its last part.

    >>> source_names(["pydocs:torch", "/home/me/texts/docs.jsonl", "hf:scifact#text"])
    ['pydocs:torch', 'docs.jsonl', 'hf:scifact#text']
    """
    specs = [harmless_line(spec) for spec in specs]
    is_address = [spec.startswith(("hf:", "pydocs:", "qdrant:")) for spec in specs]
    return [spec if known else Path(spec).name for spec, known in zip(specs, is_address, strict=True)]


def model_card(
    parent: Parent,
    vocabulary: Vocabulary,
    results: Sequence[WordResult],
    remove: Sequence[str],
    sources: Sequence[str] = (),
) -> str:
    """README.md of a release: what is in it, what it learned from, how good it is, how to load it."""
    served = sorted((r.record for r in results if r.weights is not None), key=lambda r: r.word)
    rows = "\n".join(
        f"| {r.word} | {r.verdict} | {r.n_sentences} "
        f"| {r.ordering_accuracy:.3f} | {r.margin_accuracy:.3f} | {r.ceiling:.3f} |"
        for r in served
        if r.ordering_accuracy is not None and r.margin_accuracy is not None and r.ceiling is not None
    )
    origin = "an empty vocabulary" if parent.release is None else f"release {parent.release}"
    facts = parent.facts
    if facts.base:
        origin += f" of a lineage that began with {facts.base} (licence: {facts.base_licence or 'see its own card'})"
    data = f", on sentences of {', '.join(sources)} and of what was read before" if sources and served else ""
    removed = f"\nReturned to BM25: {', '.join(sorted(remove))}.\n" if remove else ""
    return f"""# miniCOIL model: {len(vocabulary.known_words):,} words x {vocabulary.dims} dimensions

Grown from {origin}; encoder {facts.encoder} (sha256 {facts.encoder_digest[:16]}),
whose licence applies to `onnx/model.onnx`. {len(served):,} words were added or retrained here{data}.
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

## Words added or retrained

Accuracies are shares of held-out triplets; the ceiling is the full-width token embedding's.

| word | verdict | sentences | ordering | margin | ceiling |
|---|---|---|---|---|---|
{rows}
"""
