"""The contract of the engines: settings and rows in, trained trees out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from skfocal.ensemble._objective import Objective


@dataclass(frozen=True)
class TreeSettings:
    """Parameters of the trees, named as in scikit-learn; each engine translates them.

    Attributes
    ----------
    monotonic_cst : ndarray of shape (n_features,) of -1, 0 and 1, or None
    interaction_cst : list of sets of int, or None
    categorical : ndarray of shape (n_features,) of bool, or None
        Which features hold codes of categories.
    seed : int
    n_threads : int or None
        None leaves the number to the engine.
    engine_params : mapping
        Further parameters, under the engine's own names.
    """

    n_estimators: int
    learning_rate: float
    max_leaf_nodes: int | None
    max_depth: int | None
    min_samples_leaf: int
    l2_regularization: float
    max_features: float
    max_bins: int
    monotonic_cst: np.ndarray | None = None
    interaction_cst: list[set[int]] | None = None
    categorical: np.ndarray | None = None
    seed: int = 0
    n_threads: int | None = None
    verbose: int = 0
    engine_params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Training rows.

    Attributes
    ----------
    X : {ndarray, CSR} of shape (n, n_features)
    target : ndarray of shape (n,)
        Class codes.
    weight : ndarray of shape (n,) or None
        Sample weights times class weights.
    """

    X: Any
    target: np.ndarray
    weight: np.ndarray | None


class Watch:
    """Monitors a score on held-out rows, and decides when to stop.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n, n_features)
        Rows that are held out.
    score : callable
        Returns the score of what trees add up for these rows; higher is better.
    patience : int
        Rounds without improvement after which to stop.
    tol : float
        Smallest change of the score that counts as an improvement.
    """

    def __init__(
        self, X: Any, score: Callable[[np.ndarray], float], patience: int, tol: float
    ) -> None:
        self.X = X
        self.scores: list[float] = []
        self.score = score
        self.patience = patience
        self.tol = tol

    def observe(self, raw: np.ndarray) -> float:
        """Add the score of a round; the first is that of the start, before any tree."""
        self.scores.append(self.score(raw))
        return self.scores[-1]

    @property
    def should_stop(self) -> bool:
        """Whether none of the last `patience` rounds improved the score."""
        if len(self.scores) <= self.patience:
            return False
        before, *recent = self.scores[-self.patience - 1 :]
        return max(recent) <= before + self.tol

    @property
    def best_round(self) -> int:
        """Number of rounds after which the score was best; ties go to the earlier one."""
        return int(np.argmax(self.scores))


class Gradients:
    """An objective as LightGBM and XGBoost call it; its two arrays are made once.

    Both take float32, and for several classes arrays in the order of their own predictions.
    """

    def __init__(self, objective: Objective, rows: Rows) -> None:
        self._objective = objective
        self._rows = rows
        self._gradient = self._curvature = np.empty(0, np.float32)

    def __deepcopy__(self, memo: Any) -> Self:
        # LightGBM copies its parameters, of which this is one: the rows would be copied along.
        return self

    def __call__(self, raw: np.ndarray, _: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return gradient and curvature of all rows."""
        if self._gradient.shape != raw.shape:
            self._gradient = np.empty_like(raw, dtype=np.float32)
            self._curvature = np.empty_like(raw, dtype=np.float32)
        self._objective.differentiate(
            self._rows.target, raw, self._rows.weight, self._gradient, self._curvature
        )
        return self._gradient, self._curvature


class Booster(ABC):
    """Trained trees of one engine.

    Their sum is `raw`, of shape (n,) for two classes and (n, K) for more, including the start.
    """

    #: As in ``engine=``.
    name: ClassVar[str]
    #: Whether X may be CSR.
    takes_sparse: ClassVar[bool]
    #: Parameters that `engine_params` must not hold, with the reason.
    refused: ClassVar[dict[str, str]] = {}

    @classmethod
    @abstractmethod
    def train(
        cls,
        settings: TreeSettings,
        rows: Rows,
        objective: Objective,
        start: np.ndarray,
        watch: Watch | None = None,
        before: Self | None = None,
    ) -> tuple[Self, np.ndarray | None]:
        """Grow trees.

        Parameters
        ----------
        settings : TreeSettings
        rows : Rows
        objective : Objective
        start : ndarray of shape () or (K,)
        watch : Watch or None
            Early stopping: the trees after its best round are dropped.
        before : Booster or None
            Trees to continue from, which stay as they are; `start` is then theirs.

        Returns
        -------
        booster : Booster
        raw : ndarray of shape (n,) or (n, K), or None
            What its trees add up for the rows, if that is still known.
        """

    @property
    @abstractmethod
    def native(self) -> Any:
        """The engine's own fitted object."""

    @property
    @abstractmethod
    def n_rounds(self) -> int:
        """Rounds of boosting, each of one tree, or of one a class."""

    @abstractmethod
    def raw_prediction(self, X: Any) -> np.ndarray:
        """Return what the trees add up, as float64."""

    @abstractmethod
    def shift(self, constant: np.ndarray) -> None:
        """Add a constant to `raw`, of shape () or (K,)."""

    @abstractmethod
    def feature_importances(self, n_features: int) -> np.ndarray:
        """Return the total gain of the splits on each feature, not normalised."""

    @classmethod
    def changes_earlier_trees(cls, engine_params: Mapping[str, Any]) -> bool:
        """Return whether a new tree may change the values of earlier ones."""
        return False

    @classmethod
    def check(cls, engine_params: Mapping[str, Any]) -> None:
        """Raise ValueError for parameters that the engine cannot follow here."""
        for key, value in engine_params.items():
            if key in cls.refused:
                raise ValueError(
                    f"engine_params[{key!r}]={value!r} is refused by engine={cls.name!r}: "
                    f"{cls.refused[key]}."
                )


def reasons(names: Mapping[str, str]) -> dict[str, str]:
    """Return the reason of each parameter, given the names under each reason."""
    return {name: reason for reason, group in names.items() for name in group.split()}
