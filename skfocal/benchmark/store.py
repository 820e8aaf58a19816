"""The results on disk: a small file per finished cell, so that a killed run loses nothing.

A folder holds ``manifest.json`` (what was asked for) and, for each cell,
``cells/<data set>/<method>/r<repeat>f<fold>.npz`` (predictions) and the same with ``.json`` (the
row). Files appear under their name only when complete, the ``.json`` last: where it is, the cell is
done.
"""

import json
import os
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from skfocal.benchmark.protocol import Cell, get_columns
from skfocal.benchmark.scoring import get_scoring

__all__ = ["NOTES_FILE", "Store", "load_results"]

#: JSON in the folder of a store: ``title``, ``facts`` and ``notes`` of a user's own comparison.
NOTES_FILE = "comparison.json"

_TEXTS = ("dataset", "family", "method", "status", "error", "warnings", "best_parameters")
_PREDICTIONS = ["row", "repeat", "fold", "target", "probability"]


class Store:
    """A folder of results.

    One process writes to it at a time; :func:`skfocal.benchmark.run` writes from the process that
    called it, so that the workers of a cluster need not share a file system.

    Parameters
    ----------
    path : str or path-like
        The folder. It is made with the first thing written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Store(folder)
    ...     store.write_manifest({"datasets": {}, "unavailable": {}, "methods": []})
    ...     len(store.results())
    0
    """

    def __init__(self, path):
        self.path = Path(path)

    def __repr__(self):
        return f"Store({str(self.path)!r})"

    def manifest(self) -> dict:
        """Return what the results in this folder were computed from.

        Returns
        -------
        dict
            ``suite``, ``task``, ``plan``, ``random_state``, ``methods``, ``arms`` (name to what a
            report says of it), ``datasets`` (name to a description), ``unavailable`` (name to the
            reason) and ``versions``.

        Raises
        ------
        FileNotFoundError
            If the folder holds no results.
        """
        try:
            return json.loads((self.path / "manifest.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FileNotFoundError(
                f"There are no benchmark results in {str(self.path)!r}: it has no manifest.json."
            ) from None

    def write_manifest(self, manifest) -> None:
        """Replace the manifest."""
        text = json.dumps(manifest, indent=2) + "\n"
        _write(self.path / "manifest.json", lambda file: file.write(text.encode()))

    def save(self, row, predictions) -> None:
        """Write a finished cell; when this returns, it survives the end of the process.

        Parameters
        ----------
        row : dict
            Fields of the result row; values are numbers, texts and booleans.
        predictions : dict of str to ndarray
            May be empty, for a failed cell.
        """
        path = self._path(Cell.of(row))
        if predictions:
            _write(path.with_suffix(".npz"), lambda file: np.savez(file, **predictions))
        text = json.dumps(row)
        _write(path.with_suffix(".json"), lambda file: file.write(text.encode()))

    def __contains__(self, cell) -> bool:
        return self._path(cell).with_suffix(".json").exists()

    def load(self, cell) -> dict:
        """Return the row of a finished cell."""
        return json.loads(self._path(cell).with_suffix(".json").read_text(encoding="utf-8"))

    def arrays(self, cell) -> dict[str, np.ndarray]:
        """Return what a finished cell predicted, empty for a failed one."""
        path = self._path(cell).with_suffix(".npz")
        if not path.exists():
            return {}
        with np.load(path) as arrays:
            return dict(arrays)

    def results(self) -> pd.DataFrame:
        """Return the finished cells, in the order of the manifest.

        Returns
        -------
        DataFrame
            One row per cell with the columns that :func:`skfocal.benchmark.protocol.get_columns`
            names, but for figures that were not yet measured when they were computed. A data set
            that could not be loaded has failed rows that say why.

        Raises
        ------
        FileNotFoundError
            If the folder holds no results.
        """
        manifest = self.manifest()
        rows = [
            json.loads(path.read_text(encoding="utf-8"))
            for path in self.path.glob("cells/*/*/*.json")
        ]
        for name, reason in manifest["unavailable"].items():
            rows += unavailable_rows(name, reason, manifest)
        return make_frame(rows, manifest)

    def predictions(self, dataset, method) -> pd.DataFrame:
        """Return what a method predicted for the test rows of a data set, over all its folds.

        Parameters
        ----------
        dataset, method : str
            Names as in the results.

        Returns
        -------
        DataFrame
            ``row`` (position in the data set), ``repeat``, ``fold``, ``target`` and
            ``probability``; empty if no fold was finished. Binary: the target is 0 or 1, the
            probability that of 1. Multiclass: the target is the position of the class in the
            manifest, and there is a column ``probability_<position>`` for each class. Multilabel:
            columns ``target_<position>`` and ``probability_<position>`` for each label that is
            judged.
        """
        folder = self._path(Cell(dataset, method, 0, 0)).parent
        parts = []
        for path in sorted(folder.glob("*.json")):
            row = json.loads(path.read_text(encoding="utf-8"))
            if row["status"] == "ok":
                with np.load(path.with_suffix(".npz")) as arrays:
                    columns = _split_columns(arrays)
                number = {"repeat": row["repeat"], "fold": row["fold"]}
                part = {"row": columns.pop("row"), **number, **columns}
                parts.append(pd.DataFrame(part))
        return pd.concat(parts, ignore_index=True) if parts else _no_predictions()

    def _path(self, cell):
        folder = self.path / "cells" / _folder_name(cell.dataset) / _folder_name(cell.method)
        return folder / f"r{cell.repeat}f{cell.fold}"


def load_results(path) -> pd.DataFrame:
    """Return the results that a run left in a folder.

    Parameters
    ----------
    path : str or path-like
        The folder given to :func:`skfocal.benchmark.run` as ``out``.

    Returns
    -------
    DataFrame
        See :meth:`Store.results`.

    Raises
    ------
    FileNotFoundError
        If the folder holds no results.
    """
    return Store(path).results()


def unavailable_rows(name, reason, manifest) -> list[dict]:
    """Return a failed row for every cell of a data set that could not be loaded."""
    plan = manifest["plan"]
    return [
        {
            "dataset": name,
            "family": name,
            "ranked": True,
            "method": method,
            "repeat": repeat,
            "fold": fold,
            "status": "failed",
            "error": reason,
        }
        for method in manifest["methods"]
        for repeat in range(plan["n_repeats"])
        for fold in range(plan["n_splits"])
    ]


def make_frame(rows, manifest) -> pd.DataFrame:
    """Return result rows as a frame, in the order of data sets and methods of the manifest."""
    datasets = [*manifest["datasets"], *manifest["unavailable"]]
    methods = manifest["methods"]

    def place(row):
        dataset, method = datasets.index(row["dataset"]), methods.index(row["method"])
        return dataset, row["repeat"], row["fold"], method

    rows = sorted(rows, key=place)
    blank = dict.fromkeys(_TEXTS, "")  # a cell that was not computed has no texts to show
    task = manifest.get("task", "binary")  # early stores knew no other task
    figures = get_scoring(task).FIGURES
    measured = [name for name in figures if any(name in row for row in rows)]
    # A figure that came later than the results is no column of theirs.
    late = set(figures) - set(measured or figures)
    columns = [name for name in get_columns(task) if name not in late]
    frame = pd.DataFrame([blank | row for row in rows], columns=columns)
    numbers = [name for name in columns if name not in _TEXTS]
    return frame.assign(**{name: pd.to_numeric(frame[name]) for name in numbers})


def _split_columns(arrays):
    """Return the arrays as vectors, a matrix as one for each column."""
    columns = {}
    for name in ("row", "target", "probability"):
        array = arrays[name]
        if array.ndim == 1:
            columns[name] = array
        else:
            columns |= {f"{name}_{k}": column for k, column in enumerate(array.T)}
    return columns


def _no_predictions():
    return pd.DataFrame({name: [] for name in _PREDICTIONS})


def _folder_name(name):
    """Return a file name from any text; no two texts share one."""
    safe = quote(name, safe="")
    return "%2E" + safe[1:] if safe.startswith(".") else safe


def _write(path, write):
    """Write a file atomically, so that no partial file ever has its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    with open(unfinished, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
