"""A store is believed to keep conditions only where both kinds of conditional writes fail as they should."""

import pytest
from object_stores import open_at
from s3_double import S3Double

from minicoil.errors import ConflictError, StoreError, StoreUnavailableError
from tasks.catalogue.channels import read_channel
from tasks.store import s3_probe
from tasks.store.s3_probe import keeps_conditions


@pytest.mark.parametrize("ignores", [("if-none-match",), ("if-none-match", "if-match")])
def test_a_store_that_passes_over_other_conditions_is_found_out_as_well(ignores):
    with S3Double(ignores=ignores) as double:
        assert not open_at(double.address).is_conditional


@pytest.mark.parametrize("refuses", [("if-match",), ("if-none-match",)])
def test_a_store_that_refuses_a_condition_it_does_not_know_is_used_with_locks(refuses):
    with S3Double(refuses=refuses) as double:
        store = open_at(double.address)
        assert not store.is_conditional and store.write("channels/c.json", b"one", if_absent=True)


def test_a_store_that_keeps_to_conditions_is_probed_without_a_second_version_of_anything():
    with S3Double() as double:
        assert open_at(double.address).is_conditional
        probes = [key for method, key, _ in double.sent if method == "PUT"]
        assert probes == ["x/capability"] * 3
        double.sent.clear()
        again = open_at(double.address)
        assert again.is_conditional  # neither of these two writes got through: a bucket with versions keeps one
        assert [headers.get("if-none-match") or headers.get("if-match") for _, _, headers in double.sent] == [
            "*",
            s3_probe.NO_TAG,
        ]


def test_reading_never_probes(folder):
    with S3Double() as double:
        store = open_at(double.address)
        assert read_channel(store, "production").current is None and list(store.list("")) == []
        assert {method for method, _, _ in double.sent} == {"GET"}


def answering(**by_condition):
    """A write that raises what is told for its condition, and the conditions that it was asked with."""
    asked = []

    def put(**condition):
        ((name, _),) = condition.items()
        asked.append(condition)
        answers = by_condition.get(name, [])
        if answers and (error := answers.pop(0) if len(answers) > 1 else answers[0]):
            raise error
        return '"tag"'

    return put, asked


CONFLICT, REFUSED = ConflictError("taken"), StoreError("the store answered NotImplemented")


@pytest.mark.parametrize(
    ("answers", "keeps", "n_asked"),
    [
        ({"IfNoneMatch": [CONFLICT], "IfMatch": [CONFLICT]}, True, 2),
        ({"IfNoneMatch": [None, CONFLICT], "IfMatch": [CONFLICT]}, True, 3),  # the first made the object
        ({"IfNoneMatch": [None], "IfMatch": [CONFLICT]}, False, 2),
        ({"IfNoneMatch": [CONFLICT], "IfMatch": [None]}, False, 2),
        ({"IfNoneMatch": [CONFLICT], "IfMatch": [REFUSED]}, False, 2),
        ({"IfNoneMatch": [REFUSED], "IfMatch": [CONFLICT]}, False, 2),
    ],
)
def test_conditions_are_kept_where_every_write_that_had_to_fail_failed_for_its_condition(answers, keeps, n_asked):
    put, asked = answering(**answers)
    assert keeps_conditions(put) is keeps and len(asked) == n_asked


def test_of_a_store_that_does_not_answer_nobody_knows_whether_it_keeps_conditions():
    put, _ = answering(IfNoneMatch=[StoreUnavailableError("busy")])
    with pytest.raises(StoreUnavailableError, match="busy"):
        keeps_conditions(put)
