"""The winner of a comparison, fitted to all rows as one pipeline that takes the raw table."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from skfocal import __version__
from skfocal.benchmark._decisions import Decisions
from skfocal.benchmark._folds import Fold
from skfocal.benchmark._model import TableClassifier, TableEncoder
from skfocal.benchmark._numeric import NumericTable
from skfocal.benchmark.arms import Method
from skfocal.benchmark.protocol import Plan, alone, fit_method
from skfocal.benchmark.reading import UserTable

__all__ = ["Refit"]


@dataclass(frozen=True)
class Refit:
    """All that it takes to fit an arm of a comparison to all rows.

    Attributes
    ----------
    user : UserTable
    table : NumericTable
        The same in numbers.
    plan : Plan
        Gives the settings to choose from and the inner folds.
    random_state : int
    decisions : Decisions
    metric : str
        By which the answer went.
    """

    user: UserTable
    table: NumericTable
    plan: Plan
    random_state: int
    decisions: Decisions
    metric: str

    def fit(self, method: Method) -> Pipeline:
        """Choose settings by cross-validation of all rows, and fit the arm to them.

        Returns
        -------
        Pipeline
            Of a :class:`TableEncoder` and a :class:`TableClassifier`. Resampling is over with the
            fit, so its steps are left out.
        """
        rows = np.arange(len(self.table.X))
        fold = Fold(0, 0, rows, rows[:0], self.random_state)
        with alone():
            fitted = fit_method(method, self.table, fold, self.plan)
        model, threshold = _unwrap(fitted.model)
        if self.decisions:
            threshold = self._choose_threshold(fitted)
        user = self.user
        classifier = TableClassifier(
            model,
            list(user.roles.targets if user.several else user.classes),
            several=user.several,
            threshold=threshold,
            about={
                "method": method.label,
                "parameters": json.dumps(fitted.parameters, sort_keys=True),
                "table": user.name,
                "target": ", ".join(user.roles.targets),
                "n_rows": len(rows),
                "skfocal": __version__,
            },
        )
        return Pipeline([("table", TableEncoder(list(user.schema))), ("classify", classifier)])

    def _choose_threshold(self, fitted):
        """Return the threshold that costs or constraint ask for; of several targets, a list."""
        decisions, target = self.decisions, self.table.target[fitted.inner_rows]
        if decisions.costs is None:
            return decisions.keep(target, fitted.inner_probability)
        if not self.user.several:
            if self.metric == "expected_cost":
                return decisions.threshold
            return decisions.tune(target, fitted.inner_probability)
        thresholds = [decisions.threshold] * self.table.y.shape[1]
        if self.metric == "expected_cost_tuned":
            columns = zip(
                self.table.judged or (), target.T, fitted.inner_probability.T, strict=True
            )
            for place, codes, probability in columns:
                thresholds[place] = decisions.tune(codes, probability)
        return thresholds


def _unwrap(model) -> tuple[Any, float | None]:
    """Return a fitted classifier without steps that only fits need, and its threshold if it has."""
    if isinstance(model, FixedThresholdClassifier):
        return _unwrap(model.estimator_)[0], float(model.threshold)
    if isinstance(model, Pipeline):  # also one of imbalanced-learn
        steps = [(name, step) for name, step in model.steps if not hasattr(step, "fit_resample")]
        return Pipeline(steps), None
    return model, None
