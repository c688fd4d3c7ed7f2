"""Text that teaches and counts for nothing else."""

import json

import pytest

from flows.extend_vocabulary import extend_vocabulary
from flows.forms import ExtendParameters
from tasks.catalogue import request_digest

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's and FastEmbed's own


def write(path, sentences):
    path.write_text("\n".join(json.dumps({"text": text}) for text in sentences), encoding="utf-8")
    return str(path)


def test_words_are_chosen_by_the_corpus_and_taught_by_the_other_text_too(tmp_path, tiny_encoder):
    domain = write(
        tmp_path / "domain.jsonl", [f"The kernel schedules process {i} of {i * 7} there." for i in range(40)]
    )
    general = [f"A kernel of corn number {i} was eaten by {i + 3} zebras." for i in range(60)]
    other = write(
        tmp_path / "general.jsonl", general + [f"Zebras ran {i} miles over {i + 1} hills." for i in range(90)]
    )
    asked = {"home": str(tmp_path / "home"), "encoder": str(tiny_encoder), "evaluate": False, "promote": False}
    asked |= {"corpus": [domain], "common": 5, "min_sentences": 20, "role_model": str(tiny_encoder)}
    planned = extend_vocabulary(ExtendParameters(**asked, also=[other], dry_run=True))
    assert planned["corpus"]["n_sentences"] == 40 and planned["corpus"]["n_also"] == 150
    assert {row["word"] for row in planned["words"]} >= {"kernel"} and "zebra" not in str(planned["words"])
    made = extend_vocabulary(ExtendParameters(**asked, also=[other]))
    (kernel,) = [row for row in made["words"] if row["word"] == "kernel"]
    assert kernel["n_sentences"] == 100 and "zebra" not in {row["word"] for row in made["words"]}
    assert extend_vocabulary(ExtendParameters(**asked, also=[other]))["release"] is None  # answered before


def test_a_request_without_it_is_the_request_of_an_earlier_version():
    assert request_digest({"corpus": ["a"]}, "x") == request_digest({"corpus": ["a"], "importance": "keep"}, "x")
    assert request_digest({"corpus": ["a"]}, "x") == request_digest({"corpus": ["a"], "also": []}, "x")
    assert request_digest({"corpus": ["a"]}, "x") == request_digest({"corpus": ["a"], "rounding": "none"}, "x")
    assert request_digest({"corpus": ["a"]}, "x") == request_digest({"corpus": ["a"], "language": None}, "x")
    assert request_digest({"corpus": ["a"]}, "x") == request_digest({"corpus": ["a"], "licence": None}, "x")
    assert request_digest({"corpus": ["a"]}, "x") != request_digest({"corpus": ["a"], "licence": "mit"}, "x")
    assert request_digest({"corpus": ["a"]}, "x") != request_digest({"corpus": ["a"], "rounding": "float16"}, "x")
    assert request_digest({"corpus": ["a"]}, "x") != request_digest({"corpus": ["a"], "also": ["b"]}, "x")
