"""From a table to trained trees: rows held out, early stopping, and the intercept."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from skfocal.ensemble._bags import BaggedObjective, OutOfBag
from skfocal.ensemble._booster import Booster, Rows, TreeSettings, Watch
from skfocal.ensemble._objective import Objective
from skfocal.model_selection import class_split, make_score
from skfocal.posterior import Posterior
from skfocal.weights import class_counts

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


@dataclass
class Grown:
    """Trees, and the rows that grew them.

    Attributes
    ----------
    booster : Booster
    table : Table
    out_of_bag : OutOfBag or None
    scores : list of float
        Those that early stopping followed.
    """

    booster: Booster
    table: Table
    out_of_bag: OutOfBag | None = None
    scores: list[float] = field(default_factory=list)


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
    share : Fraction
        Of the rows that each tree sees.
    calibrates : bool
        Whether the intercept is wanted.
    random : numpy.random.Generator
        Draws the rows that are held out, and those of each tree.
    """

    engine: type[Booster]
    settings: TreeSettings
    objective: Objective
    posterior: Posterior
    share: Fraction
    calibrates: bool
    random: np.random.Generator

    def grow(self, table: Table, before: Grown | None = None, watch: Watch | None = None) -> Grown:
        """Return trees that all rows of a table have grown."""
        start = self.objective.start(table.mass)
        booster, earlier = (None, None) if before is None else (before.booster, before.out_of_bag)
        objective = self.objective
        if self.share < 1:
            objective = BaggedObjective(
                objective, self.share, self.random, self._follows, watch, earlier
            )
        booster, raw = self.engine.train(
            self.settings, table.rows, objective, start, watch, booster
        )
        grown = Grown(booster, table, scores=[] if watch is None else watch.scores)
        if isinstance(objective, BaggedObjective) and self._follows:
            raw = booster.raw_prediction(table.X) if raw is None else raw
            grown.out_of_bag = objective.out_of_bag(raw)
        return grown

    def grow_while_better(
        self, table: Table, stopping: Stopping, before: Grown | None = None
    ) -> Grown:
        """Return trees that most rows have grown, as many as suit the others."""
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
        return self.grow(table.take(grows), before, watch)

    def fit_intercept(self, grown: Grown) -> np.ndarray | None:
        """Return what to add to the log-odds so that their mean risk is right on new rows.

        Trees read low on new rows: their steps fall short, and they overfit. Both show in what
        each tree says of the rows that it has not seen. But the sums of fewer trees are noisier
        than those of all, and noise raises the mean risk of rare events. So as much noise is added
        again, and what that changes is taken off (SIMEX: Cook and Stefanski, "Simulation-
        Extrapolation Estimation in Parametric Measurement Error Models", 1994,
        doi:10.1080/01621459.1994.10476871).

        Returns
        -------
        ndarray of shape () or (K,), or None
            None where there are too few rows to tell, or nothing to calibrate.
        """
        table = grown.table
        too_few = len(table.codes) < LEAST_ROWS or table.fewest < LEAST_ROWS_OF_CLASS
        if grown.out_of_bag is None or too_few:
            return None
        raw, noise = grown.out_of_bag.raw, grown.out_of_bag.noise
        # Both signs: what the one says of chance, the other takes back.
        noisier = self._constant(raw + noise, table) + self._constant(raw - noise, table)
        return 2 * self._constant(raw, table) - noisier / 2

    @property
    def _follows(self) -> bool:
        """Whether there is something to calibrate."""
        honest = self.posterior.kind != "raw" and self.posterior.loss.traits.invertible
        return self.calibrates and honest

    def _constant(self, raw: np.ndarray, table: Table) -> np.ndarray:
        """Return the constant that makes the mean risk of rows equal to their event rate."""
        log_odds = self.objective.log_odds(raw, self.posterior)
        return self.posterior.calibrated(log_odds, table.codes, table.sample_weight).intercept
