"""Whether a release may be served without a person looking at it: its facts against a few floors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # brings ONNX Runtime in, which a decision does not need
    from minicoil.sparse import ParityReport

PARITY_FACT = "parity"  # written by whoever compared the implementations on the release's own files
RETRIEVAL_FACT = "retrieval_gate"  # {"verdict": "passed" | "failed" | "inconclusive", "reasons": [...]}


@dataclass(frozen=True)
class PromotionFloors:
    """What a release must reach to be promoted by itself."""

    # whole vocabularies lie at .70 and up, chance at .50; a handful of rare words may lie lower without being broken
    min_mean_ordering: float = 0.62
    # words that failed (NaN, a crash in training) among all that were looked at; one odd word is not a broken run
    max_failed_share: float = 0.10


@dataclass(frozen=True)
class Gate:
    """The decision, and what it rests on.

    Attributes:
        passed: Whether the release may be promoted without a person.
        reasons: Why not; empty where it passed.
        remarks: What was seen on the way and refuses nothing.
    """

    passed: bool
    reasons: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """For reports."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def decide_promotion(facts: Mapping[str, Any], floors: PromotionFloors | None = None) -> Gate:
    """Judge a release by the facts of its manifest.

    >>> decide_promotion({"parity": {"n_texts": 208}, "verdicts": {"accepted": 3}}).passed
    True
    >>> decide_promotion({"parity": {"n_texts": 208}, "verdicts": {"failed": 1, "accepted": 3}}).reasons[0][:32]
    '1 of 4 words failed in training,'

    Args:
        facts: Of a `Manifest`; a fact that is missing is never taken for a good one.
        floors: See there.
    """
    floors = floors or PromotionFloors()
    reasons: list[str] = []
    remarks: list[str] = []
    for judge in (_parity, _verdicts, _ordering, _retrieval):
        judge(facts, floors, reasons, remarks)
    return Gate(not reasons, tuple(reasons), tuple(remarks))


def parity_fact(report: ParityReport) -> dict[str, Any]:
    """What a manifest says of a comparison that succeeded; one that did not raises and publishes nothing."""
    return {PARITY_FACT: {"n_texts": report.n_texts, "with_fastembed": report.fastembed is not None}}


def _parity(facts: Mapping[str, Any], floors: PromotionFloors, reasons: list[str], remarks: list[str]) -> None:
    parity = facts.get(PARITY_FACT)
    if not isinstance(parity, Mapping) or not parity.get("n_texts"):
        reasons.append("numpy, ONNX and FastEmbed were not compared on this release; publish it again to compare them")
        return
    remarks.append(f"the implementations agree on {parity['n_texts']} texts")


def _verdicts(facts: Mapping[str, Any], floors: PromotionFloors, reasons: list[str], remarks: list[str]) -> None:
    verdicts = {name: int(n) for name, n in (facts.get("verdicts") or {}).items()}
    total, failed = sum(verdicts.values()), verdicts.get("failed", 0)
    if not total:
        reasons.append("no verdict on any word came with this release: nobody knows how good it is")
        return
    if failed > floors.max_failed_share * total:
        reasons.append(
            f"{failed} of {total} words failed in training, at most {floors.max_failed_share:.0%} may; "
            "their reasons stand in the ledger"
        )
    remarks.append("words: " + ", ".join(f"{n} {name}" for name, n in sorted(verdicts.items())))


def _ordering(facts: Mapping[str, Any], floors: PromotionFloors, reasons: list[str], remarks: list[str]) -> None:
    mean = facts.get("mean_ordering_accuracy")
    if mean is None:  # a release that only removes words trains none
        return
    if float(mean) < floors.min_mean_ordering:
        reasons.append(
            f"mean held-out ordering accuracy {float(mean):.3f}, at least {floors.min_mean_ordering:.2f} expected: "
            "training may be broken, or the corpus too small for these words"
        )
    remarks.append(f"mean held-out ordering accuracy {float(mean):.3f}")


def _retrieval(facts: Mapping[str, Any], floors: PromotionFloors, reasons: list[str], remarks: list[str]) -> None:
    retrieval = facts.get(RETRIEVAL_FACT)
    if retrieval is None:
        remarks.append("retrieval was not evaluated: nobody asked for it, or the release was not trained here")
        return
    verdict = retrieval.get("verdict")
    found = [str(reason) for reason in retrieval.get("reasons", [])]
    if verdict == "failed":
        reasons += [f"retrieval: {reason}" for reason in found] or ["retrieval got worse"]
    elif verdict in ("passed", "inconclusive"):  # no evidence of harm is no reason to hold a release back
        remarks += [f"retrieval {verdict}: {reason}" for reason in found] or [f"retrieval {verdict}"]
    else:
        reasons.append(f"retrieval verdict {verdict!r} is none of passed, failed, inconclusive; evaluate it again")
