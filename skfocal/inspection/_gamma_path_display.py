"""Score and coefficients along gamma."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ValidationCurveDisplay, validation_curve

from skfocal.inspection._axes import new_axes

# Features with a name in the legend: those of the largest coefficients.
_NAMED = 8


class GammaPathDisplay:
    """Cross-validated score, and coefficients of all rows, at each gamma.

    Make one with :meth:`from_estimator`.

    Parameters
    ----------
    gammas : array-like of shape (n_gammas,)
        Values of the parameter.
    train_scores, test_scores : ndarray of shape (n_gammas, n_folds)
        Scores on the rows of the fits, and on those left out.
    coefficients : ndarray of shape (n_gammas, n_features) or None, default=None
        Of fits to all rows. None draws the scores alone.
    feature_names : sequence of str or None, default=None
        Names in the legend; None numbers them.
    score_name : str, default="score"
        What the scores are.

    Attributes
    ----------
    score_display_ : sklearn.model_selection.ValidationCurveDisplay
        What drew the scores, with its lines and areas.
    score_ax_ : matplotlib Axes
        Where the scores were drawn.
    coefficient_ax_ : matplotlib Axes or None
        Where the coefficients were drawn, below: it shares the axis of gamma.
    coefficient_lines_ : list of matplotlib Line2D
        One a feature.
    figure_ : matplotlib Figure
        Their figure.

    See Also
    --------
    sklearn.model_selection.ValidationCurveDisplay : Scores along any parameter.
    LossDisplay : The loss at each gamma.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skfocal import FocalLogisticRegression
    >>> from skfocal.inspection import GammaPathDisplay
    >>> X, y = make_classification(weights=[0.9], random_state=0)
    >>> display = GammaPathDisplay.from_estimator(FocalLogisticRegression(), X, y, cv=3)
    >>> display.coefficients.shape
    (5, 20)
    """

    def __init__(
        self,
        *,
        gammas: Any,
        train_scores: np.ndarray,
        test_scores: np.ndarray,
        coefficients: np.ndarray | None = None,
        feature_names: Sequence[str] | None = None,
        score_name: str = "score",
    ) -> None:
        self.gammas = gammas
        self.train_scores = train_scores
        self.test_scores = test_scores
        self.coefficients = coefficients
        self.feature_names = feature_names
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        gammas: Any = (0.0, 0.5, 1.0, 2.0, 5.0),
        param_name: str = "gamma",
        groups: Any = None,
        cv: Any = None,
        scoring: Any = "average_precision",
        n_jobs: int | None = None,
        axes: Any = None,
        **line_options: Any,
    ) -> Self:
        """Fit at each gamma and draw what comes of it.

        Parameters
        ----------
        estimator : estimator
            With a parameter gamma. Coefficients are drawn if it has them, or the last step of a
            pipeline.
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels.
        gammas : array-like of shape (n_gammas,), default=(0, 0.5, 1, 2, 5)
            Values of gamma.
        param_name : str, default="gamma"
            Name of the parameter, such as ``"focallogisticregression__gamma"`` of a pipeline.
        groups : array-like of shape (n_samples,), default=None
            For splits by group.
        cv : int, splitter or None, default=None
            As in :func:`sklearn.model_selection.validation_curve`.
        scoring : str, callable or None, default="average_precision"
            As there.
        n_jobs : int or None, default=None
            Fits at a time.
        axes : pair of matplotlib Axes, default=None
            For scores and coefficients; a single one draws the scores alone. None makes a figure.
        **line_options
            Passed to ``Axes.plot`` for the coefficients.

        Returns
        -------
        GammaPathDisplay

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If the estimator has no such parameter.
        """
        train, test = validation_curve(
            estimator,
            X,
            y,
            param_name=param_name,
            param_range=gammas,
            groups=groups,
            cv=cv,
            scoring=scoring,
            n_jobs=n_jobs,
        )
        fits = [clone(estimator).set_params(**{param_name: gamma}).fit(X, y) for gamma in gammas]
        last = [getattr(fit, "steps", [(None, fit)])[-1][1] for fit in fits]
        coefficients = None
        if all(hasattr(fit, "coef_") for fit in last):
            coefficients = np.array([_of_features(fit) for fit in last])
        names = getattr(last[0], "feature_names_in_", None)
        display = cls(
            gammas=gammas,
            train_scores=train,
            test_scores=test,
            coefficients=coefficients,
            feature_names=None if names is None else list(names),
            score_name=scoring.replace("_", " ") if isinstance(scoring, str) else "score",
        )
        return display.plot(axes, **line_options)

    def plot(self, axes: Any = None, **line_options: Any) -> Self:
        """Draw the curves.

        Parameters
        ----------
        axes : pair of matplotlib Axes, default=None
            For scores and coefficients; a single one draws the scores alone. None makes a figure.
        **line_options
            Passed to ``Axes.plot`` for the coefficients.

        Returns
        -------
        GammaPathDisplay
            Itself, with the attributes that end in an underscore.
        """
        with_coefficients = self.coefficients is not None
        if axes is None:
            axes = new_axes(type(self).__name__, 1 + int(with_coefficients))
        axes = list(np.atleast_1d(np.asarray(axes, dtype=object)))
        self.score_ax_, self.figure_ = axes[0], axes[0].figure
        self.score_display_ = ValidationCurveDisplay(
            param_name="gamma",
            param_range=np.asarray(self.gammas, dtype=float),
            train_scores=self.train_scores,
            test_scores=self.test_scores,
            score_name=self.score_name,
        ).plot(ax=axes[0])
        self.coefficient_ax_: Any = None
        self.coefficient_lines_: list[Any] = []
        if with_coefficients and len(axes) > 1:
            self._plot_coefficients(axes[1], line_options)
        return self

    def _plot_coefficients(self, ax: Any, line_options: dict[str, Any]) -> None:
        coefficients = np.asarray(self.coefficients)
        size = np.abs(coefficients).max(axis=0)
        named = np.argsort(-size, kind="stable")[:_NAMED]
        names = self.feature_names or [f"feature {i}" for i in range(coefficients.shape[1])]
        for i, column in enumerate(coefficients.T):
            label = names[i] if i in named else None
            self.coefficient_lines_ += ax.plot(
                self.gammas, column, **({"label": label} | line_options)
            )
        ax.set(xlabel="gamma", ylabel="coefficient", xscale=self.score_ax_.get_xscale())
        ax.legend(fontsize="small", title="largest" if len(named) < len(names) else None)
        self.coefficient_ax_ = ax


def _of_features(fit: Any) -> np.ndarray:
    """Return a coefficient for each feature: of several classes, their size."""
    coef = np.asarray(fit.coef_)
    return coef[0] if len(coef) == 1 else np.linalg.norm(coef, axis=0)
