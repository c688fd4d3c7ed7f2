"""Python and the packages of this environment, against what is required and what the tests ran with."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.resources import files

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tasks.doctor.check import Check

DISTRIBUTION = "minicoil-service"
_INSTALL = "make install (or: pip install -c constraints.txt -e .)"
# packages without which searching, encoding and loading still work: only who trains or exports needs them
_TRAINING = {"torch", "transformers", "sentence-transformers", "scikit-learn"}


def read_tested() -> dict[str, str]:
    """Package -> the version that the tests ran with, by canonical name; the same as in constraints.txt."""
    lines = (files("tasks.doctor") / "tested.txt").read_text("utf-8").split()
    return {canonicalize_name(name): number for name, _, number in (line.partition("==") for line in lines)}


def check_installation() -> list[Check]:
    """Python, what is missing or out of bounds, what differs from the tests, and which build of torch this is."""
    return [_python(), *_packages(), _torch()]


def _python() -> Check:
    found = f"{sys.version.split()[0]} at {sys.executable}"
    if sys.version_info[:2] != (3, 11):
        return Check("Python", "odd", f"{found}; the tests ran with 3.11", "use Python 3.11 if anything behaves oddly")
    return Check("Python", "good", found)


def _packages() -> list[Check]:
    wrong, odd, n = list[str](), list[str](), 0
    tested = read_tested()
    for requirement in _requirements():
        name = canonicalize_name(requirement.name)
        if name == "torch":
            continue
        try:
            number = version(requirement.name)
        except PackageNotFoundError:
            (odd if name in _TRAINING else wrong).append(f"{requirement.name} is missing")
            continue
        n += 1
        if not requirement.specifier.contains(number, prereleases=True):
            wrong.append(f"{requirement.name} {number} (required: {requirement.specifier})")
        elif name in tested and number != tested[name]:
            odd.append(f"{requirement.name} {number} (tested: {tested[name]})")
    if wrong:
        return [Check("packages", "wrong", "; ".join(wrong), _INSTALL)]
    if odd:
        return [Check("packages", "odd", f"{n} there; {'; '.join(odd)}", f"{_INSTALL} brings the tested versions")]
    if not n:
        found = f"{DISTRIBUTION} is not installed here: its requirements are not known"
        return [Check("packages", "wrong", found, _INSTALL)]
    return [Check("packages", "good", f"{n} required ones, each in the version that was tested")]


def _requirements() -> list[Requirement]:
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []
    parsed = map(Requirement, lines)
    return [found for found in parsed if found.marker is None or found.marker.evaluate({"extra": ""})]


def _torch() -> Check:
    try:
        number = version("torch")
    except PackageNotFoundError:
        found = "not installed: search, encode and load work, training and a first index do not"
        return Check("torch", "wrong", found, _INSTALL)
    from importlib.util import find_spec

    has_cuda = find_spec("nvidia") is not None
    build = "a CUDA build" if has_cuda else "a CPU build"
    tested = read_tested()["torch"]
    if number.partition("+")[0] != tested:
        return Check("torch", "odd", f"{number}, {build} (tested: {tested})", f"{_INSTALL} brings the tested version")
    return Check("torch", "good", f"{number}, {build}")
