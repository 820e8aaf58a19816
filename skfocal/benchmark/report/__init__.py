"""One self-contained HTML page about a store of results."""

from skfocal.benchmark._calibration import find_reliability
from skfocal.benchmark._decisions import add_decisions
from skfocal.benchmark.report._answer import write_answer
from skfocal.benchmark.report._findings import list_headlines
from skfocal.benchmark.report._names import KIND_MARKS, known_arms
from skfocal.benchmark.store import NOTES_FILE, Store
from skfocal.utils._optional import needs_extra

__all__ = ["NOTES_FILE", "find_answer", "known_arms", "list_headlines", "write_report"]


def find_answer(store, results, decisions):
    """Return the results of a comparison on one table with what was decided, and the answer.

    Parameters
    ----------
    store : Store
        Of a comparison on one table, in any state of completion.
    results : DataFrame
        Rows of its cells, as :func:`skfocal.benchmark.run` returns them.
    decisions : Decisions
        Costs and constraint, whose figures become columns of the results.

    Returns
    -------
    results : pandas.DataFrame
    answer : Answer
    """
    results = add_decisions(store, results, decisions)
    return results, write_answer(results, decisions, find_reliability(store, results))


def write_report(path):
    """Write ``report.html`` and ``results.csv`` into the folder of a store.

    The page holds its style and its figures and loads nothing from elsewhere. It can be written
    at any time, also while cells are missing.

    Parameters
    ----------
    path : str or path-like
        Folder of the store, the ``out`` of :func:`skfocal.benchmark.run`.

    Returns
    -------
    pathlib.Path
        The HTML file.

    Raises
    ------
    FileNotFoundError
        If there is no store in the folder.
    ImportError
        If Jinja or Matplotlib are not installed.

    Examples
    --------
    >>> import tempfile
    >>> from skfocal.benchmark import run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = run("tiny", datasets=["wine"], methods=["dummy"], out=folder)
    ...     write_report(folder).name
    'report.html'
    """
    with needs_extra("benchmark", "The report"):
        from jinja2 import Environment, PackageLoader

        from skfocal.benchmark.report._content import build_content
    store = Store(path)
    environment = Environment(
        loader=PackageLoader("skfocal.benchmark.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    with known_arms(store.manifest().get("arms", {})):
        page = template.render(content=build_content(store), kinds=KIND_MARKS)
    store.results().to_csv(store.path / "results.csv", index=False)
    target = store.path / "report.html"
    target.write_text(page, encoding="utf-8")
    return target
