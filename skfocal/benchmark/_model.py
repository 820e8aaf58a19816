"""The two ends of a saved model: a raw table goes in, labels of the user come out."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin

from skfocal.benchmark.reading import RawTable, clean_name, join, read_as, read_source

__all__ = ["Findings", "TableClassifier", "TableEncoder"]

# As `remove_extremes` has it: what is larger is no measurement.
LARGEST = 3e38
WORDS = {"number": "numbers", "date": "dates", "name": "names", "none": "neither numbers nor names"}
N_EXAMPLES = 3


@dataclass
class Findings:
    """What was odd about rows, added up over the parts of a large table.

    Attributes
    ----------
    n_rows : int
    unreadable, outside : dict of str to int
        Cells of a column that are no numbers or dates, and those outside of what was trained on.
    new_names : dict of str to dict of str to int
        Names of a column that were not trained on, and their rows.
    extra : tuple of str
        Columns that the model does not use.
    """

    n_rows: int = 0
    unreadable: dict[str, int] = field(default_factory=dict)
    outside: dict[str, int] = field(default_factory=dict)
    new_names: dict[str, dict[str, int]] = field(default_factory=dict)
    extra: tuple[str, ...] = ()

    def add(self, kind, name, count) -> None:
        """Count cells of a column."""
        if count:
            counts = getattr(self, kind)
            counts[name] = counts.get(name, 0) + int(count)

    def add_names(self, name, counts) -> None:
        """Count rows of names that were not trained on."""
        if counts:
            known = self.new_names.setdefault(name, {})
            for new, count in counts.items():
                known[new] = known.get(new, 0) + count

    def merge(self, other) -> None:
        """Add what was found in the next part of a table."""
        self.n_rows += other.n_rows
        self.extra = other.extra
        for kind in ("unreadable", "outside"):
            for name, count in getattr(other, kind).items():
                self.add(kind, name, count)
        for name, counts in other.new_names.items():
            self.add_names(name, counts)

    def sentences(self, used=()) -> list[str]:
        """Return what is worth knowing, a sentence each; `used` names columns of use elsewhere."""
        lines = [
            f"{count:,} {'cell' if count == 1 else 'cells'} of {name!r} could not be read and "
            f"{'was' if count == 1 else 'were'} taken as missing."
            for name, count in self.unreadable.items()
        ]
        for name, counts in self.new_names.items():
            lines.append(
                f"{name!r} holds names that the model was not trained on, in "
                f"{sum(counts.values()):,} of {self.n_rows:,} rows: {join(counts, N_EXAMPLES)}."
            )
        lines += [
            f"{name!r} lies outside of what the model was trained on in {count:,} of "
            f"{self.n_rows:,} rows."
            for name, count in self.outside.items()
        ]
        if extra := [name for name in self.extra if name not in used]:
            lines.append(f"Columns that the model does not use: {join(extra)}.")
        return lines


class TableEncoder(TransformerMixin, BaseEstimator):
    """Reads rows of a table as those were read that a model was trained on.

    Parameters
    ----------
    columns : list of ColumnSchema
        The features in their order. Nothing is learnt: ``fit`` does nothing.

    Notes
    -----
    Numbers and dates become numbers, names their number in the schema; -1 is a missing name, and
    one more than the last a new one. Columns are found by name; others are left out.
    """

    def __init__(self, columns):
        self.columns = columns

    def __sklearn_is_fitted__(self):
        return True

    @property
    def feature_names_in_(self):
        """Names of the columns that a table must have."""
        return np.array([column.name for column in self.columns], dtype=object)

    def fit(self, X, y=None):
        """Do nothing: the schema is given."""
        return self

    def transform(self, X):
        """Return a table as a matrix.

        Parameters
        ----------
        X : DataFrame or table
            Of pandas, polars or Arrow.

        Returns
        -------
        ndarray of shape (n_rows, n_columns), float64

        Raises
        ------
        ValueError
            If a column is absent, or holds another kind of values than it did.
        """
        return self.read(X)[0]

    def read(self, X) -> tuple[np.ndarray, Findings]:
        """Return a table as a matrix, and what was odd about it."""
        raw = X if isinstance(X, RawTable) else read_source(X, self.columns[0].name)[0]
        names = [clean_name(name) for name in raw.names]
        places = {name: place for place, name in enumerate(names)}
        absent = [column.name for column in self.columns if column.name not in places]
        if absent:
            plural = "s" if len(absent) > 1 else ""
            raise ValueError(
                f"The table lacks the column{plural} {join(absent)}, which the model was trained "
                f"on; it has {join(names)}."
            )
        wanted = {column.name for column in self.columns}
        doubled = sorted({name for name in names if name in wanted and names.count(name) > 1})
        if doubled:
            raise ValueError(f"The table has several columns {join(doubled)}; rename all but one.")
        findings = Findings(len(raw.columns[0]), extra=tuple(n for n in names if n not in wanted))
        values = [_read(raw.columns[places[c.name]], c, findings) for c in self.columns]
        return np.column_stack(values), findings


def _read(column, schema, findings):
    """Return the numbers of one column."""
    found, n_present = read_as(schema.name, column, schema)
    if schema.kind == "name":
        return _number_names(found.values, schema, findings)
    if found.kind != schema.kind:
        raise ValueError(
            f"{schema.name!r} held {WORDS[schema.kind]} when the model was trained; it holds "
            f"{WORDS[found.kind]} now."
        )
    values = np.asarray(found.values, dtype=np.float64)
    n_lost = n_present - int(np.isfinite(values).sum())
    if n_lost > n_present / 2:
        raise ValueError(
            f"{schema.name!r} held {WORDS[schema.kind]} when the model was trained; {n_lost:,} of "
            f"{n_present:,} cells are none now."
        )
    findings.add("unreadable", schema.name, n_lost)
    values = np.where(np.abs(values) >= LARGEST, np.nan, values + found.origin - schema.origin)
    outside = (values < schema.lowest) | (values > schema.highest)
    findings.add("outside", schema.name, outside.sum())
    return values


def _number_names(names, schema, findings):
    numbers = {name: float(place) for place, name in enumerate(schema.categories)}
    counts = np.bincount(names.codes[names.codes >= 0], minlength=len(names.categories))
    findings.add_names(
        schema.name,
        {
            name: int(count)
            for name, count in zip(names.categories, counts, strict=True)
            if count and name not in numbers
        },
    )
    known = [numbers.get(name, float(len(numbers))) for name in names.categories]
    return np.array([*known, -1.0])[names.codes]


class TableClassifier(ClassifierMixin, BaseEstimator):
    """A fitted classifier of codes that answers in the labels of a table.

    Parameters
    ----------
    estimator : classifier
        Fitted to 0 and 1, or to an indicator. ``fit`` leaves it as it is.
    labels : list
        The negative and the positive label; of several targets, their names.
    several : bool, default=False
        Whether there are several targets.
    threshold : float, list of float or None, default=None
        Probability from which on a row counts as positive, for each target where there are
        several; None leaves it to the estimator.
    about : dict or None, default=None
        How the model came to be.
    """

    def __init__(self, estimator, labels, several=False, threshold=None, about=None):
        self.estimator = estimator
        self.labels = labels
        self.several = several
        self.threshold = threshold
        self.about = about

    def __sklearn_is_fitted__(self):
        return True

    @property
    def classes_(self):
        """The negative and the positive label, or the names of the targets."""
        return np.array(self.labels)

    def fit(self, X, y=None):
        """Do nothing: the estimator is fitted."""
        return self

    def predict_proba(self, X):
        """Return the probabilities, a column for each label."""
        probability = self.estimator.predict_proba(X)
        if isinstance(probability, list):  # scikit-learn's form for several outputs
            probability = np.column_stack([part[:, -1] for part in probability])
        return np.asarray(probability, dtype=np.float64)

    def predict(self, X):
        """Return labels; of several targets 1 for each that a row has."""
        return self.decide(X, None)

    def decide(self, X, probability):
        """Return what :meth:`predict` does, given the probabilities if they are known."""
        if self.threshold is None:
            codes = np.asarray(self.estimator.predict(X)).astype(int)
        else:
            probability = self.predict_proba(X) if probability is None else probability
            risk = probability if self.several else probability[:, 1]
            codes = (risk >= np.asarray(self.threshold)).astype(int)
        return codes if self.several else self.classes_[codes]
