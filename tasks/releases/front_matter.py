"""What hubs of models read of a card, its front matter: licence, language, what it grew from, data sets, and figures.

Source: Hugging Face, "Model Cards"; `huggingface_hub.ModelCardData` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from minicoil.files import BundleLayout
from minicoil.harmless import harmless_line
from minicoil.retrieval import BM25, RELEASE, SetResult
from tasks.models import PACKAGED, Parent

SHOWN = {"ndcg@10": "nDCG@10", "mrr@10": "MRR@10", "recall@100": "recall@100"}
_METRICS = {"ndcg@10": "ndcg_at_10", "mrr@10": "mrr_at_10", "recall@100": "recall_at_100"}  # as MTEB's cards call them
_PACKAGED_ID, _PACKAGED_LICENCE = "sentence-transformers/all-MiniLM-L6-v2", "apache-2.0"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_BLOCK = re.compile(r"\A---\n(.*?)\n---\n", re.S)
_MOST_SETS = 200  # of a stranger's card
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
        licence: As it was said for it, or for a release that it grew from; "": nobody said one.
        has_importance: Whether it carries what weighs the words of documents.
    """

    release: int
    sources: Sequence[str] = ()
    recipe: str = ""
    request: str = ""
    remove: Sequence[str] = ()
    judged: Sequence[SetResult] = ()
    licence: str = ""
    has_importance: bool = False


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


def front_matter(parent: Parent, facts: CardFacts) -> Any:
    """`ModelCardData` of a release.

    Args:
        parent: What it grew from; data sets that its card names are this release's too.
        facts: What else there is to say.
    """
    from huggingface_hub import EvalResult, ModelCardData

    found = [
        EvalResult(
            task_type="sparse-information-retrieval",
            task_name="Sparse Information Retrieval",
            dataset_type=_dataset_type(result),
            dataset_name=harmless_line(result.data.name),
            metric_type=_METRICS[name],
            metric_name=SHOWN[name],
            metric_value=round(value, 4),
            metric_args=_interval(result, name),
        )
        for result in facts.judged
        for name, value in result.means[RELEASE].items()
    ]
    bases = [_hub_id(name) for name in (parent.facts.base, parent.facts.encoder) if name]
    return ModelCardData(
        language=parent.facts.language,
        license=facts.licence or _licence(parent),
        base_model=list(dict.fromkeys(name for name in bases if name)) or None,
        library_name="fastembed",
        pipeline_tag="feature-extraction",
        tags=list(_TAGS),
        datasets=sorted({*_sets_of(parent), *(name for spec in facts.sources if (name := _set_id(spec)))}) or None,
        metrics=list(_METRICS.values()) if found else None,
        model_name=f"miniCOIL release {facts.release}" if found else None,
        eval_results=found or None,
    )


def _sets_of(parent: Parent) -> list[str]:
    """Data sets that the parent's card names, for its layers are here too; a stranger's card may say anything."""
    try:
        block = _BLOCK.match(BundleLayout(parent.folder).card.read_text("utf-8"))
        named = yaml.safe_load(block[1])["datasets"] if block else []
    except (OSError, ValueError, LookupError, TypeError, RecursionError, yaml.YAMLError):  # none, or none to be read
        return []
    names = named if isinstance(named, list) else [named]
    return [name for name in names[:_MOST_SETS] if isinstance(name, str) and _HUB_ID.fullmatch(name)]


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
    interval = {"gain_interval_95": [round(change.low, 4), round(change.high, 4)]} if has_interval(result) else {}
    return {
        "bm25": round(result.means[BM25][name], 4),
        "gain_over_bm25": round(change.mean, 4),
        **interval,
        "n_queries": len(result.data.queries),
        "n_documents": len(result.data.documents),
    }


def has_interval(result: SetResult) -> bool:
    """Whether anything was drawn: queries about words are drawn by the word, and one word alone is always the same."""
    return not result.data.words or len(set(result.data.words.values())) > 1
