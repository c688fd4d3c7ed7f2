"""Python and the packages of this environment, against what is required and what the tests ran with."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.resources import files

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from minicoil.extras import DISTRIBUTION, install_line
from tasks.doctor.check import Check

_INSTALL = "make install (or: pip install -c constraints.txt -e .)"
_EXTRAS = ("train", "hf", "serve", "dask", "documents")  # of pyproject.toml; [dev] is for who changes the code


def read_tested() -> dict[str, str]:
    """Package -> the version that the tests ran with, by canonical name; the same as in constraints.txt."""
    lines = (files("tasks.doctor") / "tested.txt").read_text("utf-8").split()
    return {canonicalize_name(name): number for name, _, number in (line.partition("==") for line in lines)}


def check_installation() -> list[Check]:
    """Python, what is missing or out of bounds, what differs from the tests, the extras, and which build of torch."""
    return [_python(), _packages(), _extras(), _torch()]


def _python() -> Check:
    found = f"{sys.version.split()[0]} at {sys.executable}"
    if sys.version_info[:2] != (3, 11):
        return Check("Python", "odd", f"{found}; the tests ran with 3.11", "use Python 3.11 if anything behaves oddly")
    return Check("Python", "good", found)


def _packages() -> Check:
    """What is missing of the package itself; of everything that is there, what is out of bounds or was not tested."""
    wrong, odd, n = list[str](), list[str](), 0
    tested = read_tested()
    for requirement, extra in _requirements():
        name = canonicalize_name(requirement.name)
        if name in ("torch", DISTRIBUTION):
            continue
        try:
            number = version(requirement.name)
        except PackageNotFoundError:
            if not extra:
                wrong.append(f"{requirement.name} is missing")
            continue
        n += 1
        if not requirement.specifier.contains(number, prereleases=True):
            wrong.append(f"{requirement.name} {number} (required: {requirement.specifier})")
        elif name in tested and number != tested[name]:
            odd.append(f"{requirement.name} {number} (tested: {tested[name]})")
    if wrong:
        return Check("packages", "wrong", "; ".join(dict.fromkeys(wrong)), _INSTALL)
    if odd:
        found = f"{n} there; {'; '.join(dict.fromkeys(odd))}"
        return Check("packages", "odd", found, f"{_INSTALL} brings the tested versions")
    if not n:
        found = f"{DISTRIBUTION} is not installed here: its requirements are not known"
        return Check("packages", "wrong", found, _INSTALL)
    return Check("packages", "good", f"{n} required ones, each in the version that was tested")


def _extras() -> Check:
    """Which extras are whole; without [train] this environment encodes, searches and loads, and that may be meant."""
    missing: dict[str, list[str]] = {}
    for requirement, extra in _requirements():
        if extra:
            absent = canonicalize_name(requirement.name) != DISTRIBUTION and not _has(requirement.name)
            missing.setdefault(extra, []).extend([requirement.name] if absent else [])
    whole = ", ".join(f"[{extra}]" for extra, names in missing.items() if not names) or "none"
    if missing.get("train"):
        lacking = ", ".join(missing["train"])
        found = f"{whole}; encode, search and load work, training and the service do not: {lacking} missing"
        return Check("extras", "odd", found, install_line("train"))
    return Check("extras", "good", whole)


def _has(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _requirements() -> list[tuple[Requirement, str]]:
    """Each requirement with the extra that asks for it, "" for those of the package itself."""
    try:
        parsed = [Requirement(line) for line in requires(DISTRIBUTION) or []]
    except PackageNotFoundError:
        return []
    own = [(found, "") for found in parsed if found.marker is None or found.marker.evaluate({"extra": ""})]
    named = [(found, extra) for found in parsed if found.marker for extra in _EXTRAS if _asks(found, extra)]
    return own + named


def _asks(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""})


def _torch() -> Check:
    try:
        number = version("torch")
    except PackageNotFoundError:
        found = "not installed: search, encode and load work, training and a first index do not"
        return Check("torch", "odd", found, install_line("train"))
    from importlib.util import find_spec

    has_cuda = find_spec("nvidia") is not None
    build = "a CUDA build" if has_cuda else "a CPU build"
    tested = read_tested()["torch"]
    if number.partition("+")[0] != tested:
        return Check("torch", "odd", f"{number}, {build} (tested: {tested})", f"{_INSTALL} brings the tested version")
    return Check("torch", "good", f"{number}, {build}")
