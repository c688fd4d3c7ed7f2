"""What a change of words did, and what a dry run says that it would do, is told a person in full."""

import pytest

from flows.outcomes.word_outcomes import ExtensionOutcome, RemovalOutcome, RetrainOutcome


def said(outcome, capsys):
    outcome.show()
    return capsys.readouterr().out


def test_a_dry_run_shows_words_points_and_what_is_pending(capsys):
    word = {"word": "pod", "kind": "named", "n_points": 7, "reasons": ["asked for"]}
    refused = {"word": "zzz", "reason": "18 sentences found, 25 required"}
    common = {"corpus": {}, "unusable": [{"n": 2, "reason": "no text", "examples": ["line 3"]}]}
    document = {"dry_run": True, "release": None, "words": [word], "refused_words": [refused], "estimate": {"n": 2}}
    lines = said(ExtensionOutcome.of({**document, **common, "message": "release 4 is pending"}), capsys)
    for part in (
        "2 no text, such as line 3",
        "pod",
        "asked for",
        "not taken zzz: 18 sentences",
        "release 4 is pending",
    ):
        assert part in lines


def test_a_removal_shows_verdicts_release_and_seconds(capsys):
    rows = [
        {"word": "pod", "verdict": "removed", "reason": "asked for"},
        {"word": "x", "verdict": "kept_bm25", "reason": "'x' was not in the vocabulary"},
    ]
    outcome = RemovalOutcome.of(
        {"release": 4, "parent": 3, "promoted": True, "words": rows, "seconds": {"publish": 2.0}}
    )
    lines = said(outcome, capsys)
    for part in (
        "1 kept_bm25, 1 removed",
        "1 not trained",
        "release 4, grown from release 3; promoted: True",
        "publish 2",
    ):
        assert part in lines


def test_a_retraining_says_what_most_of_its_gain_costs(capsys):
    rows = [
        {"n_words": 3, "n_points": 250, "share_of_gain": 0.5},
        {"n_words": 12, "n_points": 740, "share_of_gain": 0.803},
        {"n_words": 480, "n_points": 2650, "share_of_gain": 1.0},
    ]
    weak = [{"word": "pod", "reasons": ["ordering 0.55 is under 0.60"]}]
    answer = {"release": None, "words": [], "n_measured": 500, "underperforming": weak, "n_left_out": 479}
    RetrainOutcome.of({**answer, "frontier": rows}).show()
    said = " ".join(capsys.readouterr().out.split())
    assert "480 of 500 measured words do badly" in said and "479 more do badly and stay" in said
    assert "12 of 480 words reach 80% of the expected gain for 28% of the points: --max-points 740" in said
    RetrainOutcome.of({**answer, "frontier": rows[2:]}).show()
    assert "--max-points 2650" not in capsys.readouterr().out


WORD = {
    "word": "pod", "verdict": "accepted", "reason": "held-out", "n_sentences": 1234, "ordering_accuracy": 0.87,
    "margin_accuracy": 0.74, "ceiling": 0.9,
}  # fmt: skip


def extension(**values):
    return ExtensionOutcome.of({"release": 3, "words": [WORD], "corpus": {}, **values})


def test_an_extension_shows_what_was_trained_published_learned_and_what_it_cost(capsys):
    gate = {"verdict": "passed", "reasons": ["nDCG@10 rose"], "hurting": []}
    lines = said(
        extension(
            parent=2,
            promoted=True,
            ids_left=39_000,
            unreachable_words=["univers", "x"],
            transfer={"uploaded_bytes": 2**20, "copied_bytes": 3 * 2**20},
            importance={"digest": "a" * 64},
            retrieval_gate=gate,
            report="reports/3.html",
            estimate={"minutes": 2.0},
            actual={"minutes": 2.5, "n_words": 1},
        ),
        capsys,
    ).splitlines()
    for line in (
        "words: 1 accepted",
        "39,000 ids left; 2 unreachable in the base, such as univers, x",
        "published: 1.0 MiB uploaded, 3.0 MiB copied inside the store",
        f"importance {'a' * 12}, as in the parent",
        "retrieval gate: passed",
        "  nDCG@10 rose",
        "report: reports/3.html in the object store",
        "release 3, grown from release 2; promoted: True",
        "estimated / actual: minutes 2.000 / 2.500, n_words - / 1",
    ):
        assert line in lines, line
    assert any(line.split() == ["pod", "accepted", "1,234", "0.870", "0.740", "0.900"] for line in lines)


def test_a_first_release_grew_from_nothing_and_none_is_not_told(capsys):
    assert "release 3, grown from nothing; promoted: False" in said(extension(), capsys)
    unpublished = said(extension(release=None, ids_left=5), capsys)
    assert "grown from" not in unpublished and "ids left" not in unpublished


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"reason": "too little text"}, "importance was not learned: too little text"),
        ({"beta": 0}, "importance was not learned: nothing was found to learn it from"),
        (
            {
                "digest": "b" * 64,
                "n_taught": 1200,
                "n_judged": 300,
                "bm25": 0.5,
                "bm25_importance": 0.51,
                "error": 0.002,
            },
            f"importance {'b' * 12} of 1,200 queries; nDCG@10 of 300 others for their own text, BM25 without and with: "
            "0.5000 -> 0.5100 (+- 0.0020)",
        ),
    ],
)
def test_importance_is_told_with_how_it_was_learned_or_why_not(capsys, row, line):
    assert line in said(extension(importance=row), capsys).splitlines()


def test_words_that_can_be_none_are_told_and_many_of_them_counted(capsys):
    refused = [{"word": f"w{i}", "reason": "is a stopword"} for i in range(11)]
    lines = said(extension(refused_words=refused), capsys).splitlines()
    assert lines[0] == "  not taken w0: is a stopword" and "  not taken 3 more (--json shows them)" in lines
    assert sum("not taken" in line for line in lines) == 9
