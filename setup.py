"""Refuses to build a wheel with nothing in it, which is what a checkout without symbolic links would make."""

from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
FLOORS = ("service", "studies", "trainers")

if lost := [name for name in FLOORS if not (HERE / "src" / "grokscale" / name / "__init__.py").is_file()]:
    raise SystemExit(
        f"src/grokscale/{lost[0]} is not the package that it links to (../../{lost[0]}): the checkout has no symbolic "
        "links; clone it anew with `git clone -c core.symlinks=true`"
    )

setup()
