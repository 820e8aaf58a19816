"""The protocol: how folds are cut, settings chosen, predictions made and metrics computed.

One cell is a data set, a method and a test fold. In it, every setting of the arm predicts the
training rows by an inner cross-validation; the setting with the best mean average precision (the
macro average of classes or labels where there are several) is fitted once more on all training
rows, and predicts the test rows. The inner predictions of that setting also choose the tuned
thresholds. Nothing else ever sees the test rows.
"""

import json
import math
import time
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn import config_context
from sklearn.exceptions import FitFailedWarning
from threadpoolctl import threadpool_limits

from skfocal.benchmark._folds import Fold, cut_inner, make_folds
from skfocal.benchmark._numeric import NumericTable
from skfocal.benchmark.arms import FoldInfo, StepCache
from skfocal.benchmark.methods import Method
from skfocal.benchmark.scoring import get_scoring
from skfocal.utils._warnings import warn_user

__all__ = [
    "Cell",
    "Fold",
    "Plan",
    "default_plan",
    "describe",
    "evaluate",
    "get_columns",
    "make_folds",
]


@dataclass(frozen=True)
class Plan:
    """How much is computed for each data set and method.

    Parameters
    ----------
    n_splits : int >= 2, default=3
        Outer folds, stratified.
    n_repeats : int >= 1, default=1
        Times the outer folds are cut anew.
    inner_splits : int >= 2, default=3
        Folds of the training rows, on which settings and thresholds are chosen.
    budget : int >= 1, default=4
        Settings that each arm may try, at most; the arms list 8 (the dummy 1).

    Raises
    ------
    ValueError
        If a number is not an integer or too small.

    Examples
    --------
    >>> Plan(n_splits=5, n_repeats=2)
    Plan(n_splits=5, n_repeats=2, inner_splits=3, budget=4)
    """

    n_splits: int = 3
    n_repeats: int = 1
    inner_splits: int = 3
    budget: int = 4

    def __post_init__(self):
        least = {"n_splits": 2, "n_repeats": 1, "inner_splits": 2, "budget": 1}
        for name, bound in least.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < bound:
                raise ValueError(f"Plan: {name} must be an integer >= {bound}; got {value!r}.")


def default_plan(suite) -> Plan:
    """Return the plan of a suite: five folds twice, but less where it would take hours.

    ``"tiny"`` and ``"quick"`` are for a few minutes; several classes or labels have networks among
    their default methods.

    Examples
    --------
    >>> default_plan("core")
    Plan(n_splits=5, n_repeats=2, inner_splits=3, budget=8)
    """
    # With fewer settings than 4 the linear arms would not reach their larger values of C.
    small = {"tiny", "quick", "multiclass", "multilabel"}
    return Plan(3, 1, 3, 4) if suite in small else Plan(5, 2, 3, 8)


@dataclass(frozen=True, order=True)
class Cell:
    """The unit of work: one method on one test fold of one data set."""

    dataset: str
    method: str
    repeat: int
    fold: int

    @classmethod
    def of(cls, row) -> "Cell":
        """Return the cell of a result row."""
        return cls(row["dataset"], row["method"], row["repeat"], row["fold"])

    def __str__(self):
        return f"{self.dataset} / {self.method} / repeat {self.repeat}, fold {self.fold}"


def get_columns(task) -> list[str]:
    """Return the columns of the results of a task, in order.

    ``n_positive_train`` and ``n_positive_test`` count the rows of the rarest class, or judged
    label, where there are several.

    Parameters
    ----------
    task : str
        ``"binary"``, ``"multiclass"`` or ``"multilabel"``.

    Returns
    -------
    list of str
    """
    return [
        *("dataset", "family", "ranked", "method", "repeat", "fold", "status", "error", "warnings"),
        *("n_train", "n_test", "n_positive_train", "n_positive_test"),
        *("n_configurations", "best_parameters"),
        *get_scoring(task).FIGURES,
        *("fit_seconds", "search_seconds", "predict_seconds"),
    ]


def evaluate(method: Method, table: NumericTable, fold: Fold, plan: Plan):
    """Compute one cell; whatever goes wrong in it becomes part of the result.

    Parameters
    ----------
    method : Method
        The contestant.
    table : NumericTable
        The data set.
    fold : Fold
        The rows to train and to test on.
    plan : Plan
        Gives the inner folds and the budget.

    Returns
    -------
    row : dict
        The fields of :func:`get_columns`; a failed cell has no metrics.
    predictions : dict of str to ndarray
        ``"row"`` (position in the data set), ``"target"`` and ``"probability"`` of the test rows,
        the latter two with a column per label or class where there are several;
        ``"inner_target"`` and ``"inner_probability"`` of the training rows, out of the inner
        folds; empty for a failed cell.
    """
    row: dict[str, Any] = describe(method, table, fold)
    predictions: dict[str, np.ndarray] = {}
    with alone() as caught:
        try:
            result, predictions = _compete(method, table, fold, plan)
            row |= result
        except Exception as error:  # whatever a contestant raises is its result
            row |= {"status": "failed", "error": _describe_error(error)}
    row["warnings"] = _summarise(caught)
    return row, predictions


def _describe_error(error):
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def describe(method: Method, table: NumericTable, fold: Fold) -> dict[str, Any]:
    """Return the part of a row that is known before the cell is computed."""
    count = get_scoring(table.task).count_rarest
    return {
        "dataset": table.name,
        "family": table.family,
        "ranked": table.ranked,
        "method": method.name,
        "repeat": fold.repeat,
        "fold": fold.fold,
        "status": "ok",
        "error": "",
        "n_train": len(fold.train),
        "n_test": len(fold.test),
        "n_positive_train": count(table.target[fold.train]),
        "n_positive_test": count(table.target[fold.test]),
    }


@contextmanager
def alone():
    """Run a cell on one thread, so that times can be compared, and hide its warnings."""
    with (
        threadpool_limits(1),
        # The table was checked once; checking it again in every step of thousands of small fits
        # would take a large part of their time.
        config_context(assume_finite=True, skip_parameter_validation=True),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        yield caught


def _summarise(caught):
    counts = Counter(warning.category.__name__ for warning in caught)
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))


class FittedMethod(NamedTuple):
    """An arm fitted to the training rows of a fold, with what was found on its inner folds."""

    model: Any
    parameters: dict[str, Any]
    inner_rows: np.ndarray
    inner_probability: np.ndarray
    thresholds: Any
    search_seconds: float
    fit_seconds: float


def fit_method(method: Method, table: NumericTable, fold: Fold, plan: Plan) -> FittedMethod:
    """Choose the settings of an arm on inner folds and fit it to all training rows.

    Parameters
    ----------
    method, table, fold, plan
        As :func:`evaluate` takes them.

    Raises
    ------
    ValueError
        If the training rows are of one class. Besides, whatever the arm raises.
    """
    task = get_scoring(table.task)
    configurations = method.configurations[: plan.budget]
    X, y = table.X[fold.train], table.y[fold.train]
    task.check(table.target[fold.train], "The training fold")

    started = time.perf_counter()
    inner = cut_inner(table, fold, plan.inner_splits)
    best, checked, out_of_fold = _search(
        method, configurations, table, X, y, inner, fold.random_state
    )
    search_seconds = time.perf_counter() - started

    inner_rows = fold.train[checked]
    thresholds = task.tune(table.target[inner_rows], out_of_fold)
    started = time.perf_counter()
    model = build_model(method, best, table, y, fold.random_state)
    if method.finish is not None:
        model = method.finish(model, thresholds)
    model.fit(X, y)
    fit_seconds = time.perf_counter() - started
    return FittedMethod(
        model, best, inner_rows, out_of_fold, thresholds, search_seconds, fit_seconds
    )


def _compete(method, table, fold, plan):
    task, target = get_scoring(table.task), table.target[fold.test]
    task.check(target, "The test fold")
    fitted = fit_method(method, table, fold, plan)

    started = time.perf_counter()
    probability = _predict_probability(fitted.model, table.X[fold.test], table)
    predict_seconds = time.perf_counter() - started

    decision = table.judge(fitted.model.predict(table.X[fold.test]))
    result = {
        "n_configurations": len(method.configurations[: plan.budget]),
        "best_parameters": json.dumps(fitted.parameters, sort_keys=True),
        **task.measure(target, probability, decision, fitted.thresholds),
        "fit_seconds": fitted.fit_seconds,
        "search_seconds": fitted.search_seconds,
        "predict_seconds": predict_seconds,
    }
    return result, {
        "row": fold.test,
        "target": target,
        "probability": probability,
        # By which thresholds and corrections can be chosen later, without another fit.
        "inner_target": table.target[fitted.inner_rows].astype(np.int32),
        "inner_probability": fitted.inner_probability,
    }


def _search(method, configurations, table, X, y, inner, random_state):
    """Return the best configuration, the rows of inner folds and their probabilities.

    A configuration that fails on an inner fold is dropped; if all fail, so does the cell.
    """
    task = get_scoring(table.task)
    best, best_score, best_probability = None, -math.inf, None
    failure: Exception = ValueError("No configuration was tried.")
    # Cut once for all configurations: the cache knows the rows by the identity of their arrays.
    parts = [(X[train], y[train], StepCache(), check) for train, check in inner]
    checked = np.concatenate([check for _, check in inner])  # of folds in time, not all rows
    order = np.argsort(checked)
    for parameters in configurations:
        predicted, scores = [], []
        try:
            for X_train, y_train, memory, check in parts:
                model = build_model(method, parameters, table, y_train, random_state, memory)
                model.fit(X_train, y_train)
                predicted.append(_predict_probability(model, X[check], table))
                scores.append(task.score(table.judge(y[check]), predicted[-1]))
        except Exception as error:  # a setting that fails is out of the race
            failure = error
            warn_user(f"{parameters}: {error}", FitFailedWarning)
            continue
        if (score := float(np.mean(scores))) > best_score:
            best, best_score = parameters, score
            best_probability = np.concatenate(predicted)[order]
    if best is None:
        raise failure
    return best, checked[order], best_probability


def build_model(method, parameters, table, y, random_state, memory=None):
    """Return the classifier of an arm, not fitted, for training rows with the target `y`."""
    fold = FoldInfo(
        n_features=table.X.shape[1],
        categorical=table.categorical,
        counts=get_scoring(table.task).count(y),
        random_state=random_state,
        memory=memory,
        task=table.task,
    )
    return method.build(fold, **parameters)


def _predict_probability(model, X, table):
    probability = get_scoring(table.task).predict_probability(model, X, table).astype(np.float64)
    inside = (probability >= 0) & (probability <= 1)
    if not inside.all():
        raise ValueError(f"The model predicts {probability[~inside][0]}, which is no probability.")
    return probability
