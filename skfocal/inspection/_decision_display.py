"""Decisions as curves: what a threshold brings, and what each ratio of costs would cost."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.utils import check_consistent_length, column_or_1d

from skfocal.decision import cost_matrix
from skfocal.inspection._axes import new_axes
from skfocal.model_selection import find_cuts
from skfocal.utils._labels import binary_target

COUNTED = 1000  # costs and alerts are told for so many rows


class DecisionDisplay:
    """Recall, precision, alerts and cost against the threshold.

    Make one with :meth:`from_predictions` or :meth:`from_estimator`. Use rows that the model was
    not fitted to.

    Parameters
    ----------
    threshold : ndarray of shape (n_points,)
        Probabilities from which on a row is called positive, falling.
    recall, precision : ndarray of shape (n_points,)
        Share of the positives that are found, and of the alerts that are right.
    alerts : ndarray of shape (n_points,)
        Rows called positive among 1,000.
    cost : ndarray of shape (n_points,), default=None
        Cost of 1,000 rows.

    Attributes
    ----------
    ax_, right_ax_ : matplotlib Axes
        For the shares, and for what is counted in 1,000 rows.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : dict of str to matplotlib Line2D
        By what they show.

    See Also
    --------
    skfocal.decision.ConstrainedThresholdClassifierCV : Takes the threshold that keeps a bound.

    Examples
    --------
    >>> from skfocal.inspection import DecisionDisplay
    >>> y, risk = [0, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.9]
    >>> display = DecisionDisplay.from_predictions(y, risk, costs={"fn": 50, "fp": 1})
    >>> sorted(display.lines_)
    ['alerts', 'cost', 'precision', 'recall']
    """

    def __init__(
        self,
        *,
        threshold: np.ndarray,
        recall: np.ndarray,
        precision: np.ndarray,
        alerts: np.ndarray,
        cost: np.ndarray | None = None,
    ) -> None:
        self.threshold = threshold
        self.recall = recall
        self.precision = precision
        self.alerts = alerts
        self.cost = cost

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: ArrayLike, *, costs: Any = None, ax: Any = None
    ) -> Self:
        """Predict rows and draw.

        Parameters
        ----------
        estimator : fitted classifier
            Of two classes; ``classes_[1]`` is the positive one.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows that it was not fitted to.
        y : array-like of shape (n_samples,)
            Their labels.
        costs : dict or array-like of shape (2, 2), default=None
            As in :func:`skfocal.decision.cost_matrix`.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        DecisionDisplay

        Raises
        ------
        ValueError
            If the estimator or the rows do not have two classes.
        """
        risk, positive = _predict(cls, estimator, X)
        return cls.from_predictions(y, risk, costs=costs, pos_label=positive, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_prob: ArrayLike,
        *,
        costs: Any = None,
        pos_label: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw from labels and probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels of two classes.
        y_prob : array-like of shape (n_samples,)
            Probability of the positive class.
        costs : dict or array-like of shape (2, 2), default=None
            ``{"fn": 50, "fp": 1}``, or the table of true by predicted class.
        pos_label : int, float, bool or str, default=None
            The positive class; None is 1 among 0 and 1, else the last label in sorted order.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        DecisionDisplay

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If there are not rows of two classes, or the costs do not fit.
        """
        target, probability = _rows(cls, y_true, y_prob, pos_label)
        cuts = find_cuts(target, probability)
        n_rows, n_positive = len(target), target.sum()
        cost = None
        if costs is not None:
            false_alarms, missed = cuts.selected - cuts.hits, n_positive - cuts.hits
            outcomes = [n_rows - n_positive - false_alarms, false_alarms, missed, cuts.hits]
            table = cost_matrix(costs, [0, 1])
            cost = COUNTED / n_rows * np.tensordot(table.ravel(), np.array(outcomes), 1)
        display = cls(
            threshold=cuts.threshold,
            recall=cuts.hits / n_positive,
            precision=cuts.hits / cuts.selected,
            alerts=COUNTED / n_rows * cuts.selected,
            cost=cost,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None, **line_options: Any) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **line_options
            Passed to ``Axes.plot``.

        Returns
        -------
        DecisionDisplay
            Itself, with ``ax_``, ``right_ax_``, ``figure_`` and ``lines_``.
        """
        if ax is None:
            ax = new_axes(type(self).__name__)
        self.ax_, self.right_ax_, self.figure_ = ax, ax.twinx(), ax.figure
        curves = [
            ("recall", ax, self.recall, "C0", "-"),
            ("precision", ax, self.precision, "C1", "-"),
            ("alerts", self.right_ax_, self.alerts, "C2", "--"),
            ("cost", self.right_ax_, self.cost, "C3", "--"),
        ]
        self.lines_ = {
            name: side.plot(
                self.threshold,
                values,
                **{"color": color, "linestyle": style, "label": name, **line_options},
            )[0]
            for name, side, values, color, style in curves
            if values is not None
        }
        # Thresholds of rare events crowd near 0.
        ax.set(xlabel="threshold", ylabel="share", xscale="log", ylim=(0, 1.02))
        counted = "alerts" if self.cost is None else "alerts, cost"
        self.right_ax_.set(ylabel=f"{counted} of {COUNTED:,} rows", ylim=(0, None))
        ax.legend(handles=list(self.lines_.values()), loc="best")
        return self


class CostCurveDisplay:
    """Cost of the decisions that probabilities ask for, whatever the ratio of the costs.

    A false alarm costs c and a missed positive 1 - c, and the threshold is c, as honest
    probabilities ask for. Dashed is the cost at the best threshold of the same rows: what is
    between the curves is lost by probabilities that are not honest. The area under twice the cost
    is the Brier score.

    Make one with :meth:`from_predictions` or :meth:`from_estimator`.

    Parameters
    ----------
    cost_share : ndarray of shape (n_points,)
        The share c, in (0, 1).
    cost, best : ndarray of shape (n_points,)
        Twice the mean cost of a row at the threshold c, and at the best one.
    brier_score : float
        Area under `cost`.
    name : str, default=None
        For the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the curves were drawn.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        The cost, and the best.

    References
    ----------
    Hernandez-Orallo, Flach, and Ferri, "Brier Curves: a New Cost-Based Visualisation of Classifier
    Performance", ICML 2011. Drummond and Holte, "Cost curves", Machine Learning 65, 2006,
    doi:10.1007/s10994-006-8199-5

    Examples
    --------
    >>> from skfocal.inspection import CostCurveDisplay
    >>> display = CostCurveDisplay.from_predictions([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])
    >>> print(f"{display.brier_score:.3f}")
    0.185
    """

    def __init__(
        self,
        *,
        cost_share: np.ndarray,
        cost: np.ndarray,
        best: np.ndarray,
        brier_score: float,
        name: str | None = None,
    ) -> None:
        self.cost_share = cost_share
        self.cost = cost
        self.best = best
        self.brier_score = brier_score
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: ArrayLike, *, name: str | None = None, ax: Any = None
    ) -> Self:
        """Predict rows and draw.

        Parameters
        ----------
        estimator : fitted classifier
            Of two classes; ``classes_[1]`` is the positive one.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows that it was not fitted to.
        y : array-like of shape (n_samples,)
            Their labels.
        name : str, default=None
            For the legend; None is the name of the class.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        CostCurveDisplay

        Raises
        ------
        ValueError
            If the estimator or the rows do not have two classes.
        """
        risk, positive = _predict(cls, estimator, X)
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, risk, name=name, pos_label=positive, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_prob: ArrayLike,
        *,
        name: str | None = None,
        pos_label: Any = None,
        n_points: int = 201,
        ax: Any = None,
    ) -> Self:
        """Draw from labels and probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels of two classes.
        y_prob : array-like of shape (n_samples,)
            Probability of the positive class.
        name : str, default=None
            For the legend.
        pos_label : int, float, bool or str, default=None
            The positive class; None is 1 among 0 and 1, else the last label in sorted order.
        n_points : int, default=201
            Ratios of costs, evenly spaced in their logarithm.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        CostCurveDisplay

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If there are not rows of two classes.
        """
        target, probability = _rows(cls, y_true, y_prob, pos_label)
        share = expit(np.linspace(-7, 7, n_points))
        cuts = find_cuts(target, probability)
        n_rows, n_positive = len(target), target.sum()
        false_alarms = np.append(0, cuts.selected - cuts.hits)  # first, that nobody is called
        missed = n_positive - np.append(0, cuts.hits)
        # At the threshold c, rows of a probability above c are called positive.
        place = np.searchsorted(-cuts.lowest, -share, side="left")
        cost = 2 / n_rows * (share * false_alarms[place] + (1 - share) * missed[place])
        best = [2 / n_rows * np.min(c * false_alarms + (1 - c) * missed) for c in share]
        display = cls(
            cost_share=share,
            cost=cost,
            best=np.array(best),
            brier_score=float(np.mean((probability - target) ** 2)),
            name=name,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None, **line_options: Any) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw, also of several models; None makes a figure.
        **line_options
            Passed to ``Axes.plot``.

        Returns
        -------
        CostCurveDisplay
            Itself, with ``ax_``, ``figure_`` and ``lines_``.
        """
        if ax is None:
            ax = new_axes(type(self).__name__)
        self.ax_, self.figure_ = ax, ax.figure
        name = "" if self.name is None else f"{self.name}, "
        label = f"{name}Brier score {self.brier_score:.3f}"
        (line,) = ax.plot(self.cost_share, self.cost, **{"label": label, **line_options})
        dashed = {**line_options, "color": line.get_color(), "linestyle": "--"}
        self.lines_ = [line, ax.plot(self.cost_share, self.best, **dashed)[0]]
        ax.set(
            xlabel="cost of a false alarm / (of a false alarm + of a missed positive)",
            ylabel="expected cost; dashed: at the best threshold",
        )
        ax.legend()
        return self


def _predict(cls: type, estimator: Any, X: Any) -> tuple[np.ndarray, Any]:
    """Return the risk of rows and the positive label."""
    classes = estimator.classes_
    if len(classes) != 2:
        raise ValueError(
            f"{cls.__name__} needs a classifier of two classes, got {len(classes)} classes."
        )
    return estimator.predict_proba(X)[:, 1], classes[1]


def _rows(
    cls: type, y_true: ArrayLike, y_prob: ArrayLike, pos_label: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and probabilities, or raise if they make no curve."""
    target, probability = binary_target(y_true, pos_label), column_or_1d(y_prob)
    check_consistent_length(target, probability)
    if len(np.unique(target)) != 2:
        raise ValueError(f"{cls.__name__} needs rows of two classes, got one class.")
    # Also false for NaN.
    if not np.all((probability >= 0) & (probability <= 1)):
        raise ValueError(
            f"{cls.__name__}: y_prob must be in [0, 1], got {probability[:5]} and so on."
        )
    return target, probability
