"""`var:NAME` stands for what a variable of the Prefect server holds; what it cannot stand for is said in one line."""

from typing import Any

import pytest

from flows.forms.parameters import ExtendParameters, IndexParameters
from flows.orchestration.running import flow
from flows.upkeep.shared_corpora import with_shared_corpora
from minicoil.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


@flow(name="read", description="Answers with its corpora.")
def read(parameters: ExtendParameters) -> Any:
    """As the flows do."""
    found = with_shared_corpora(parameters)
    return found.corpus, found.also, found.background


@pytest.fixture
def variables(prefect_server, monkeypatch):
    """Sets variables of the server that keeps the runs of this test."""
    from prefect.variables import Variable

    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    return lambda name, value: Variable.set(name, value, overwrite=True)


def asked(folder, **values):
    return ExtendParameters(home=str(folder), **values)


def test_a_form_without_variables_is_left_as_it_is():
    form = IndexParameters(collection="docs", corpus=["docs/", "pydocs:torch"])
    assert with_shared_corpora(form) is form


def test_names_are_replaced_in_their_places(variables, tmp_path):
    variables("legal-texts", ["s3://b/one.jsonl", "s3://b/two.jsonl"])
    variables("general", "pydocs:numpy")
    form = asked(tmp_path, corpus=["a/", "var:legal-texts"], also=["var:general"], background="var:general")
    assert read(form) == (["a/", "s3://b/one.jsonl", "s3://b/two.jsonl"], ["pydocs:numpy"], "pydocs:numpy")


WRONG = (
    (None, "has no variable 'given'; make it under Variables, or with `prefect variable set given SPEC`"),
    (7, "'given' holds '7'; a corpus SPEC was expected, or a list of them"),
    ([], r"'given' holds '\[\]'"),
    ([""], "a corpus SPEC was expected"),
    ({"corpus": "a"}, "a corpus SPEC was expected"),
    ("var:general", "'given' holds var:general, another variable"),
)


@pytest.mark.parametrize(("value", "said"), WRONG, ids=[str(value) for value, _ in WRONG])
def test_a_variable_that_is_missing_or_holds_no_spec_is_one_line(variables, tmp_path, value, said):
    from prefect.variables import Variable

    Variable.unset("given")
    if value is not None:
        variables("given", value)
    with pytest.raises(UsageError, match=said) as caught:
        read(asked(tmp_path, corpus=["var:given"]))
    assert "\n" not in str(caught.value)


def test_a_background_is_one_spec(variables, tmp_path):
    variables("two", ["a", "b"])
    with pytest.raises(UsageError, match="background var:two: the variable holds 2 SPECs"):
        read(asked(tmp_path, corpus=["a"], background="var:two"))


def test_without_a_server_there_are_no_variables(tmp_path):
    with pytest.raises(UsageError, match="var:legal is a variable of a Prefect server, and none keeps this run"):
        read(asked(tmp_path, corpus=["var:legal"]))


@pytest.mark.parametrize("name", ["", "Legal", "a/b", "a b", "../flows"])
def test_a_name_that_no_variable_can_have_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="is no name of a variable"):
        read(asked(tmp_path, corpus=[f"var:{name}"]))
