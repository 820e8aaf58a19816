"""The target: its labels as the user knows them, and which of the two is positive."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from skfocal.benchmark.reading._numbers import NumberCells
from skfocal.benchmark.reading._words import BLANKS, MISSING, join, quote

__all__ = ["Target", "read_target"]

# Never a class. Other words for missing may well be one: Fraud and None, + and -.
NO_LABELS = frozenset({"", "?"})
YES_AND_NO = (
    *(("0", "1"), ("0.0", "1.0"), ("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t")),
    *(("-1", "1"), ("absent", "present"), ("negative", "positive"), ("-", "+")),
)
N_LABELS = 100  # beyond, the column is no class and its labels are not looked at one by one


@dataclass(frozen=True)
class Target:
    """A target of two classes.

    Attributes
    ----------
    y : ndarray of shape (n,), int64
        1 for the positive class.
    classes : tuple
        The negative and the positive label: ``classes[y]``.
    notes : list of str
        What was decided.
    """

    y: np.ndarray
    classes: tuple[Any, Any]
    notes: list[str] = field(default_factory=list)


def read_target(name, column, positive, indicator=False) -> Target:
    """Read the labels of a column.

    Parameters
    ----------
    name : str
        Of the column.
    column : pyarrow.Array, pyarrow.ChunkedArray or pandas.Series
        As it came.
    positive : object
        The label that is positive; None takes the rarer one.
    indicator : bool, default=False
        Whether 1, true or yes is positive before the rarer one is.

    Raises
    ------
    ValueError
        If labels are missing or not two, or none is `positive`.
    """
    codes, found = _factorize(name, column)
    labels = [_tidy(label) for label in found]
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    if len(labels) > N_LABELS:
        raise ValueError(_say_many(name, labels))
    notes = _decide_words(name, labels, counts, int((codes < 0).sum()))
    labels = _read_numbers(labels)
    totals = _count(labels, counts)
    if indicator and positive is None and len(totals) == 2:
        positive = _find_true(totals)
    classes = _choose(name, totals, positive, notes)
    is_positive = np.array([label == classes[1] for label in labels])
    return Target(is_positive[codes].astype(np.int64), classes, notes)


def _factorize(name, column):
    """Return a code for each row, -1 where it is missing, and the different labels."""
    if isinstance(column, pa.Array | pa.ChunkedArray):
        column = pd.Series(column.to_pylist(), dtype=object)
    try:
        codes, labels = pd.factorize(column.astype(object))
    except TypeError as error:
        raise ValueError(f"The target {name!r} holds no labels: {error}.") from error
    return codes, list(labels)


def _tidy(label):
    if isinstance(label, bytes):
        label = label.decode("utf-8", "replace")
    if isinstance(label, np.generic):
        label = label.item()
    return label.strip(BLANKS) if isinstance(label, str) else label


def _decide_words(name, labels, counts, n_missing):
    """Tell words that mean missing from labels; refuse a target with missing labels."""
    words = {x for x in labels if isinstance(x, str) and x.lower() in MISSING}
    classes = {str(x) for x in labels if x not in NO_LABELS}
    as_labels = words - NO_LABELS if len(classes) == 2 else set()
    gone = [label in words - as_labels for label in labels]
    n_gone = n_missing + int(counts[gone].sum())
    if n_gone:
        shown = join(sorted(words - as_labels - {""}))
        raise ValueError(
            f"The target {name!r} is missing in {n_gone} of {n_missing + counts.sum()} rows"
            f"{f' ({shown})' if shown else ''}; drop or complete them."
        )
    return [
        f"{quote(word)} was taken as a class of {name!r}, not as a missing value."
        for word in sorted(as_labels)
    ]


def _read_numbers(labels):
    """Turn labels that are texts of numbers to numbers, if all are numbers."""
    texts = [label for label in labels if isinstance(label, str)]
    others = [label for label in labels if not isinstance(label, str)]
    if not texts or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in others):
        return labels
    cells = NumberCells.read(pa.array(texts), np.ones(len(texts), dtype=int))
    coded = any(len(text) > 1 and text[0] == "0" and text.isdecimal() for text in texts)
    if coded or cells.units != ("",) or not cells.number.all() or cells.ambiguous.any():
        return labels
    whole = all(text.lstrip("+-").isdecimal() for text in texts)
    numbers = iter([int(x) for x in texts] if whole else cells.numbers(".").tolist())
    return [next(numbers) if isinstance(label, str) else label for label in labels]


def _count(labels, counts):
    """Return rows by label; equal labels, as 1 and 1.0, are one."""
    totals: dict[Any, int] = {}
    for label, count in zip(labels, counts, strict=True):
        totals[label] = totals.get(label, 0) + int(count)
    return totals


def _choose(name, counts, positive, notes):
    """Return the negative and the positive label."""
    ordered = sorted(counts, key=str, reverse=True)
    ordered.sort(key=counts.__getitem__)  # the rarer one first
    if len(ordered) == 1:
        raise ValueError(f"The target {name!r} has only one class, {quote(ordered[0])}.")
    if len(ordered) != 2:
        raise ValueError(_say_many(name, ordered))
    if positive is None:
        if len(set(counts.values())) == 1:
            notes.append(
                f"Both classes of {name!r} have {counts[ordered[0]]:,} rows; {quote(ordered[0])} "
                "was taken as the positive one."
            )
        return ordered[1], ordered[0]
    match = _find_label(ordered, positive)
    if match is None:
        raise ValueError(
            f"The target {name!r} has no label {positive!r}; its labels are {join(ordered)}."
        )
    return next(label for label in ordered if label is not match), match


def _find_true(labels):
    """Return the label that means yes beside one that means no, or None."""
    words = {str(label).casefold(): label for label in labels}
    pairs = [(no, yes) for no, yes in YES_AND_NO if {no, yes} == set(words)]
    return words[pairs[0][1]] if pairs else None


def _say_many(name, labels):
    return (
        f"The target {name!r} has {len(labels)} classes ({join(labels)}); "
        "the comparison takes two for now, so join classes or choose another column."
    )


def _find_label(labels, wanted):
    """Return the label that was asked for, which the command line gives as text."""
    for same in (_same_text, _same_number, _same_letters):
        matches = [label for label in labels if same(label, wanted)]
        if len(matches) == 1:
            return matches[0]
    return None


def _same_text(label, wanted):
    return str(label) == str(wanted).strip(BLANKS)


def _same_number(label, wanted):
    try:
        return float(label) == float(wanted)
    except (TypeError, ValueError):
        return False


def _same_letters(label, wanted):
    return str(label).casefold() == str(wanted).strip(BLANKS).casefold()
