"""What is wrapped around a flow's function for Prefect's sake leaves what Prefect reads of it as it was."""

import importlib
import inspect

import pydantic
import pytest
from prefect.utilities.hashing import file_hash

from flows.orchestration.embedded import FLOWS
from flows.orchestration.prefect_flow import ServiceFlow


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_prefect_finds_the_form_and_the_version_of_every_flow(name):
    module_name, function_name = FLOWS[name]
    module = importlib.import_module(module_name)
    flow = ServiceFlow(inspect.unwrap(getattr(module, function_name).fn), name, "")
    form = inspect.signature(flow.fn).parameters["parameters"].annotation
    assert issubclass(form, pydantic.BaseModel)
    assert flow.version == file_hash(module.__file__)


@pytest.mark.parametrize("name", ["reencode-collections", "show-status"])
def test_what_a_server_sends_becomes_the_form(name):
    module_name, function_name = FLOWS[name]
    flow = ServiceFlow(inspect.unwrap(getattr(importlib.import_module(module_name), function_name).fn), name, "")
    form = inspect.signature(flow.fn).parameters["parameters"].annotation
    for sent in ({}, {"home": "elsewhere"}):
        assert isinstance(flow.validate_parameters({"parameters": sent})["parameters"], form)
