"""One self-contained HTML page about a store of results."""

from skfocal.utils._optional import needs_extra

__all__ = ["NOTES_FILE", "write_report"]

#: JSON in the folder of a store: ``title``, ``facts`` and ``notes`` of a user's own comparison.
NOTES_FILE = "comparison.json"


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
    from skfocal.benchmark.report._names import KINDS
    from skfocal.benchmark.store import Store

    store = Store(path)
    content = build_content(store)
    environment = Environment(
        loader=PackageLoader("skfocal.benchmark.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(content=content, kinds=KINDS)
    store.results().to_csv(store.path / "results.csv", index=False)
    target = store.path / "report.html"
    target.write_text(page, encoding="utf-8")
    return target
