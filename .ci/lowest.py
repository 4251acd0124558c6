"""Prints constraints for pip: the lowest version that pyproject.toml allows of everything it names."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
for wanted in [
    *project["dependencies"],
    *(each for extra in project["optional-dependencies"].values() for each in extra),
]:
    if found := re.match(r"([\w-]+)(?:\[[\w,-]+\])?>=([\w.]+)", wanted):
        print("==".join(found.groups()))
