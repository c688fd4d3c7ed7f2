"""Addresses of releases lead to their folders, pulled where they are not on this machine."""

from tasks.models.resolver import resolve_hub


def test_the_package_registers_what_loads_from_a_hub():
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["minicoil.resolvers"]["hf"] == f"{resolve_hub.__module__}:{resolve_hub.__name__}"
