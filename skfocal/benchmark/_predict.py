"""Predictions of a saved model for a table of any size, written as the rows are read."""

import csv
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa

from skfocal.benchmark._model import Findings, TableClassifier, TableEncoder
from skfocal.benchmark.reading import clean_name, iterate_tables, join

__all__ = ["predict_file"]


def predict_file(model, source, out, keep=()) -> tuple[int, list[str]]:
    """Write probabilities and decisions for the rows of a table into a CSV file.

    Parameters
    ----------
    model : Pipeline
        As ``Comparison.fit_best`` returns it, or :func:`skfocal.load_model`.
    source : str, path-like, DataFrame or table
        The rows; a file is read in parts of 20,000 rows.
    out : str or path-like
        The file to write. It appears under this name when it is complete.
    keep : list of str, default=()
        Columns of the table to copy, such as an identifier.

    Returns
    -------
    n_rows : int
    notes : list of str
        What was odd about the rows.

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    ValueError
        If the model takes no table, the table cannot be read or has no rows, or a column is absent
        or of another kind than it was.
    """
    encoder, classifier = _split(model)
    out, total = Path(out), Findings()
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(out.name + ".tmp")
    try:
        with open(unfinished, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*keep, *_list_columns(classifier)])
            for raw in iterate_tables(source, encoder.columns[0].name):
                matrix, findings = encoder.read(raw)
                kept = [_copy(raw, name) for name in keep]
                writer.writerows(zip(*kept, *_predict(classifier, matrix), strict=True))
                total.merge(findings)
        if not total.n_rows:
            raise ValueError("The table holds no rows of data.")
        os.replace(unfinished, out)
    finally:
        unfinished.unlink(missing_ok=True)
    return total.n_rows, total.sentences(keep)


def _split(model):
    steps = [step for _, step in getattr(model, "steps", [])]
    if len(steps) != 2 or not (
        isinstance(steps[0], TableEncoder) and isinstance(steps[1], TableClassifier)
    ):
        raise ValueError(
            "The model does not say how a table is read, since no comparison saved it; load it "
            "with skfocal.load_model and give it what it was trained on."
        )
    return steps


def _list_columns(classifier):
    """Return the names of the columns that are written."""
    labels = [str(label) for label in classifier.labels]
    if classifier.several:
        return [f"probability_{label}" for label in labels] + [f"{label}" for label in labels]
    return [f"probability_{labels[1]}", "decision"]


def _predict(classifier, matrix):
    probability = classifier.predict_proba(matrix)
    decision = classifier.decide(matrix, probability)
    if not classifier.several:
        probability, decision = probability[:, 1:], decision.reshape(-1, 1)
    texts = [[f"{value:.9g}" for value in column] for column in probability.T]
    return [*texts, *decision.T.tolist()]


def _copy(raw, name):
    names = [clean_name(other) for other in raw.names]
    if name not in names:
        raise ValueError(f"The table has no column {name!r} to keep; it has {join(names)}.")
    column = raw.columns[names.index(name)]
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return column.to_pylist()
    return [None if pd.isna(value) else value for value in column]
