"""A release is moved to by its number, and a folder that is published is found from anywhere."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.forms.release_parameters import AbandonParameters, PromoteParameters, PublishParameters, RollbackParameters


def test_a_folder_is_absolute_wherever_the_run_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert PublishParameters(folder="release-7").path() == tmp_path / "release-7"
    assert PublishParameters(folder="~/release-7").path() == tmp_path / "me" / "release-7"
    assert PublishParameters(folder="/data/release-7").path() == Path("/data/release-7")


@pytest.mark.parametrize(
    ("form", "values"),
    [
        (PublishParameters, {"folder": ""}),
        (PublishParameters, {"folder": "f", "promote": "later"}),
        (PublishParameters, {"folder": "f", "approval_days": 0}),
        (PublishParameters, {"folder": "f", "approval_days": 366}),
        (PromoteParameters, {}),
        (PromoteParameters, {"release": 0}),
        (PromoteParameters, {"release": "production"}),
        (RollbackParameters, {"release": 7}),
        (AbandonParameters, {"channel": "a b"}),
    ],
)
def test_what_is_no_move_is_refused(form, values):
    with pytest.raises(ValidationError):
        form(**values)


def test_a_promotion_re_encodes_as_hard_as_it_was_told():
    asked = PromoteParameters(release=7, points_budget=5, points_per_second=2.5)
    assert asked.expansion.points_per_second == 2.5 and asked.expansion.allowance is asked.allowance
