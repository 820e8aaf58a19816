"""Print the lowest version that pyproject.toml allows of each package, one pin a line.

Usage: ``floors.py [EXTRA ...]``: the dependencies of the package and of the extras, as
``name==floor``. torch is left out: the Makefile installs it pinned, since an older build would
pull gigabytes of CUDA libraries.
"""

import re
import sys
import tomllib
from pathlib import Path

FLOOR = re.compile(r"(?P<name>[\w.-]+)(?P<extras>\[[\w,-]+\])?>=(?P<version>[\w.]+)")
SKIPPED = {"torch"}
# What the old versions bring along must be of their time: newer ones deprecate what they call.
COMPANIONS = ["click<8.3", "pyparsing<3.3"]


def requirements(project: dict, names: list[str]) -> list[str]:
    """Return what the package and the extras require, extras of extras included."""
    extras = project["optional-dependencies"]
    found, waiting = list(project["dependencies"]), list(names)
    while waiting:
        for requirement in extras[waiting.pop()]:
            if nested := re.fullmatch(rf"{project['name']}\[(.+)\]", requirement):
                waiting += nested[1].split(",")
            else:
                found.append(requirement)
    return found


def pin(requirement: str) -> str | None:
    """Turn ``name>=1.2`` into ``name==1.2``; None for a package that is skipped."""
    match = FLOOR.fullmatch(requirement)
    if match is None:
        raise SystemExit(f"{requirement!r} has no floor of the form name>=version")
    if match["name"] in SKIPPED:
        return None
    return f"{match['name']}{match['extras'] or ''}=={match['version']}"


if __name__ == "__main__":
    path = Path(__file__).resolve().parent.parent / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    pins = {found for each in requirements(project, sys.argv[1:]) if (found := pin(each))}
    print(*sorted(pins), *COMPANIONS, sep="\n")
