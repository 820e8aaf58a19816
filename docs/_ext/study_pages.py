"""Make a page of the site of each study in ``benchmarks/results``.

The pages, ``studies/<name>.md``, include the file of results; links to it from other pages lead
there. ``study.md`` stands in ``evidence.md`` already.
"""

import re
from pathlib import Path

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
WITHIN = {"study"}


def write_pages(app, config):
    """Write the pages before Sphinx looks for them."""
    folder = Path(app.srcdir) / "studies"
    folder.mkdir(exist_ok=True)
    for path in sorted(RESULTS.glob("*.md")):
        if path.stem not in WITHIN:
            page = folder / path.name
            text = f"```{{include}} ../../benchmarks/results/{path.name}\n```\n"
            if not page.exists() or page.read_text(encoding="utf-8") != text:
                page.write_text(text, encoding="utf-8")


def lead_links(app, docname, source):
    """Let links to results lead to their pages."""
    source[0] = re.sub(r"\]\((../)+benchmarks/results/(\w+\.md)\)", r"](/studies/\2)", source[0])


def setup(app):
    """Connect to the build."""
    app.connect("config-inited", write_pages)
    app.connect("source-read", lead_links)
    return {"parallel_read_safe": True}
