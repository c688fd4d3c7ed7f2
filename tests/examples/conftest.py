"""Examples as modules: what they do is called by their tests, beside the program run as it is printed."""

import importlib.util

import pytest


@pytest.fixture(scope="module")
def example(request):
    """The example that a test module names as EXAMPLE."""
    path = request.module.EXAMPLE
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
