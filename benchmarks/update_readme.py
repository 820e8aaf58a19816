"""Rewrite the generated parts of the README: the table of losses and the tables of results.

Run after a loss or a result in ``benchmarks/results`` has changed; a test compares.
"""

import re
from pathlib import Path

from skfocal.utils._docs import loss_table

ROOT = Path(__file__).resolve().parent.parent


def put_between(text: str, name: str, content: str) -> str:
    """Replace what stands between ``<!-- name -->`` and its closing mark."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name.split(':')[0]} -->"
    pattern = re.compile(f"{re.escape(opening)}.*?{re.escape(closing)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"The README has no {opening} ... {closing}.")
    return pattern.sub(lambda _: f"{opening}\n{content}\n{closing}", text)


def updated(text: str) -> str:
    """Return the README with its generated parts made anew."""
    text = put_between(text, "losses", loss_table())
    results = (ROOT / "benchmarks" / "results" / "quick.md").read_text(encoding="utf-8")
    return put_between(text, "results: quick", results.strip())


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(updated(readme.read_text(encoding="utf-8")), encoding="utf-8")
