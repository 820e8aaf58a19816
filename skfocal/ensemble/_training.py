"""From a table to trained trees: rows held out, early stopping, and the intercept."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skfocal.ensemble._booster import Booster, Rows, TreeSettings, Watch
from skfocal.ensemble._objective import Objective
from skfocal.model_selection import class_folds, class_split, make_score
from skfocal.posterior import Posterior
from skfocal.weights import class_counts

# Folds of the rows for the intercept: each is predicted by trees that the others have grown.
N_FOLDS = 5
# As many of these folds are predicted as bring so many rows of every class.
ENOUGH_ROWS = 1000
# In fewer rows, or with fewer of some class, the intercept would be noise.
LEAST_ROWS = 100
LEAST_ROWS_OF_CLASS = 5


@dataclass(frozen=True)
class Table:
    """Rows, their classes, and what they weigh.

    Attributes
    ----------
    X : {ndarray, CSR} of shape (n, n_features)
    codes : ndarray of shape (n,)
    sample_weight : ndarray of shape (n,) or None
    class_weight : ndarray of shape (K,)
    """

    X: Any
    codes: np.ndarray
    sample_weight: np.ndarray | None
    class_weight: np.ndarray

    def take(self, chosen: np.ndarray) -> "Table":
        """Return some of the rows."""
        weight = None if self.sample_weight is None else self.sample_weight[chosen]
        return replace(self, X=self.X[chosen], codes=self.codes[chosen], sample_weight=weight)

    @property
    def rows(self) -> Rows:
        """The rows as engines take them, sample weight and class weight in one."""
        weight = self.sample_weight
        if np.any(self.class_weight != 1):
            of_class = self.class_weight[self.codes]
            weight = of_class if weight is None else weight * of_class
        return Rows(self.X, self.codes, weight)

    @property
    def mass(self) -> np.ndarray:
        """Summed weights of the classes, class weights included."""
        n_classes = len(self.class_weight)
        return class_counts(self.codes, self.sample_weight, n_classes) * self.class_weight

    @property
    def fewest(self) -> int:
        """Number of rows of the rarest class."""
        return int(np.bincount(self.codes, minlength=len(self.class_weight)).min())


@dataclass(frozen=True)
class Stopping:
    """Early stopping, in the words of scikit-learn."""

    validation_fraction: float
    n_iter_no_change: int
    tol: float
    scoring: str


@dataclass(frozen=True)
class Trainer:
    """Grows trees of one engine, for one objective, with one set of settings.

    Attributes
    ----------
    engine : type of Booster
    settings : TreeSettings
    objective : Objective
    posterior : Posterior
        What is wanted of the trees.
    random : numpy.random.Generator
        Draws the rows that are held out.
    """

    engine: type[Booster]
    settings: TreeSettings
    objective: Objective
    posterior: Posterior
    random: np.random.Generator

    def grow(
        self, table: Table, before: Booster | None = None, watch: Watch | None = None
    ) -> Booster:
        """Return trees that all rows of a table have grown."""
        start = self.objective.start(table.mass)
        return self.engine.train(self.settings, table.rows, self.objective, start, watch, before)

    def grow_while_better(
        self, table: Table, stopping: Stopping, before: Booster | None = None
    ) -> tuple[Booster, list[float]]:
        """Return trees that most rows have grown, as many as suit the others, and the scores."""
        grows, watched = class_split(table.codes, stopping.validation_fraction, self.random)
        held_out = table.take(watched)
        score = make_score(
            stopping.scoring,
            self.objective.task,
            held_out.codes,
            held_out.sample_weight,
            len(table.class_weight),
        )
        posterior = self.posterior.unweighted()
        watch = Watch(
            held_out.X,
            lambda raw: score(self.objective.log_odds(raw, posterior)),
            stopping.n_iter_no_change,
            stopping.tol,
        )
        return self.grow(table.take(grows), before, watch), watch.scores

    def fit_intercept(self, table: Table, booster: Booster) -> np.ndarray | None:
        """Return what to add to the log-odds so that their mean risk is right on new rows.

        Trees read low on new rows for two reasons. Their steps fall short, which shows on the
        rows that grew them as well. And they overfit, about in inverse proportion to the number
        of rows: trees grown by K - 1 of K folds overfit K / (K - 1) times as much as those grown
        by all. So of the constant that the rows of the fold left out ask for, what exceeds that
        of rows known to the trees is taken so much smaller.

        Parameters
        ----------
        table : Table
        booster : Booster
            Grown by all of its rows.

        Returns
        -------
        ndarray of shape () or (K,), or None
            None where there are too few rows to tell, or nothing to calibrate.
        """
        nothing_to_calibrate = (
            self.posterior.kind == "raw" or not self.posterior.loss.traits.invertible
        )
        too_few = len(table.codes) < LEAST_ROWS or table.fewest < LEAST_ROWS_OF_CLASS
        if nothing_to_calibrate or too_few:
            return None
        settings = replace(self.settings, n_estimators=booster.n_rounds, verbose=0)
        shorter = replace(self, settings=settings)
        n_folds = min(N_FOLDS, -(-ENOUGH_ROWS * N_FOLDS // table.fewest))
        folds = class_folds(table.codes, N_FOLDS, int(self.random.integers(2**31)))[:n_folds]
        held_out = [table.take(test) for _, test in folds]
        unknown = [
            shorter.grow(table.take(training)).raw_prediction(rows.X)
            for (training, _), rows in zip(folds, held_out, strict=True)
        ]
        known = [booster.raw_prediction(rows.X) for rows in held_out]
        rows = table.take(np.concatenate([test for _, test in folds]))
        short = self._constant(known, rows)
        return short + (1 - 1 / N_FOLDS) * (self._constant(unknown, rows) - short)

    def _constant(self, raw: list[np.ndarray], rows: Table) -> np.ndarray:
        """Return the constant that makes the mean risk of rows equal to their event rate."""
        log_odds = self.objective.log_odds(np.concatenate(raw), self.posterior)
        return self.posterior.calibrated(log_odds, rows.codes, rows.sample_weight).intercept
