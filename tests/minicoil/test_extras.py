"""Extras: each heavy module belongs to one, and what is missing is said with the line that brings it."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from minicoil.errors import MissingExtraError
from minicoil.extras import EXTRA_OF, install_line, missing_extra, require_extra

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# module -> the distribution that has it, where the names differ
DISTRIBUTIONS = {"sklearn": "scikit-learn", "pytrec_eval": "pytrec-eval-terrier", "docx": "python-docx"}
WITH_OTHERS = {"dask", "distributed"}  # come with prefect-dask


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def names(lines):
    return {normal(Requirement(line).name) for line in lines}


@pytest.fixture
def without(monkeypatch):
    """A function that keeps modules from being found, as where they are not installed."""

    def block(*modules):
        class Blocker:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in modules:
                    raise ModuleNotFoundError(f"No module named '{name}'", name=name)

        for module in [m for m in sys.modules if m.partition(".")[0] in modules]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setattr(sys, "meta_path", [Blocker(), *sys.meta_path])

    return block


@pytest.mark.parametrize(("module", "extra"), EXTRA_OF.items())
def test_a_module_is_required_by_its_extra_and_not_by_the_package_itself(module, extra):
    if module in WITH_OTHERS:
        assert extra == "dask"
        return
    name = normal(DISTRIBUTIONS.get(module, module))
    assert name in names(PROJECT["optional-dependencies"][extra])
    assert name not in names(PROJECT["dependencies"])


def test_every_extra_that_people_install_is_known_and_all_are_in_dev():
    extras = set(PROJECT["optional-dependencies"]) - {"dev"}
    assert set(EXTRA_OF.values()) == extras
    (all_of,) = [line for line in PROJECT["optional-dependencies"]["dev"] if line.startswith("minicoil-service[")]
    assert Requirement(all_of).extras == extras
    assert {Requirement(install_line(extra).split("'")[1]).name for extra in extras} == {PROJECT["name"]}


def test_two_extras_bound_the_same_package_alike():
    bounds = {}
    for extra, lines in PROJECT["optional-dependencies"].items():
        for found in map(Requirement, lines):
            bounds.setdefault(normal(found.name), {})[extra] = str(found.specifier)
    assert not {name: by for name, by in bounds.items() if len(set(by.values())) > 1}


def test_the_image_and_the_makefile_install_what_the_service_needs():
    image = (ROOT / "deployments" / "Dockerfile").read_text()
    asked = Requirement(re.search(r"'\.(\[[a-z,]+\])'", image).expand(r"x\1"))
    assert {"train", "serve", "dask", "hf"} <= asked.extras
    assert "-e '.[dev]'" in (ROOT / "Makefile").read_text()


def test_an_extra_that_is_there_is_not_missed():
    for extra in set(EXTRA_OF.values()):
        require_extra(extra, "`minicoil extend`")


def test_what_an_extra_lacks_is_named_with_the_line_that_brings_it(without):
    without("torch", "prefect")
    with pytest.raises(MissingExtraError) as raised:
        require_extra("train", "`minicoil extend`")
    assert raised.value.facts == {"extra": "train", "modules": ("torch", "prefect")}
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("`minicoil extend` needs torch, prefect")
    assert str(raised.value).endswith("pip install 'minicoil-service[train]'")
    require_extra("hf", "a corpus of the hub")


def test_an_import_that_failed_is_told_by_its_module_where_an_extra_brings_that(without):
    without("sklearn")
    said = missing_extra(ModuleNotFoundError("No module named 'sklearn.cluster'", name="sklearn.cluster"), "this")
    assert said is not None and said.facts["modules"] == ("sklearn",)
    assert missing_extra(ModuleNotFoundError("no", name="nobody_has_this"), "this") is None
    # torch is installed here: if its import fails it is broken, and its own message says more than "not installed"
    assert missing_extra(ImportError("libcudart.so is missing", name="torch"), "this") is None
    assert missing_extra(ImportError("nameless"), "this") is None
