"""The course of a fit, epoch by epoch."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skfocal.inspection._axes import new_axes


class LearningCurveDisplay:
    """Training loss and, with early stopping, validation score of each epoch of a fit.

    Not to be confused with :class:`sklearn.model_selection.LearningCurveDisplay`, whose axis is
    the number of training rows. Make one with :meth:`from_estimator`.

    Parameters
    ----------
    loss_curve : sequence of float
        Training loss of each epoch.
    validation_scores : sequence of float or None, default=None
        Score of each epoch on the held-out rows. If there are fewer than losses, they belong to
        the last epochs: the fit has continued an earlier one.
    best_epoch : int or None, default=None
        Number of epochs after which the weights were best.
    score_name : str, default="score"
        What `validation_scores` holds.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the loss was drawn.
    validation_ax_ : matplotlib Axes or None
        Where the score was drawn: it shares the horizontal axis with ``ax_``.
    figure_ : matplotlib Figure
        Their figure.
    loss_line_, validation_line_, best_line_ : matplotlib Line2D
        The loss, the score and the mark at the best epoch; the last two are None without
        validation scores.

    See Also
    --------
    LossDisplay : The loss functions themselves.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skfocal.inspection import LearningCurveDisplay
    >>> from skfocal.neural_network import FocalMLPClassifier
    >>> X, y = make_classification(random_state=0)
    >>> model = FocalMLPClassifier(n_members=1, max_epochs=5, early_stopping=True, random_state=0)
    >>> display = LearningCurveDisplay.from_estimator(model.fit(X, y))
    >>> display.validation_ax_.get_ylabel()
    'validation average precision'
    """

    def __init__(
        self,
        *,
        loss_curve: Sequence[float],
        validation_scores: Sequence[float] | None = None,
        best_epoch: int | None = None,
        score_name: str = "score",
    ) -> None:
        self.loss_curve = loss_curve
        self.validation_scores = validation_scores
        self.best_epoch = best_epoch
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, **line_options: Any) -> Self:
        """Draw the epochs of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``loss_curve_``: a neural estimator of this package or scikit-learn's
            ``MLPClassifier``. Its ``validation_scores_`` and ``best_epoch_`` are drawn if it has
            them; the best epoch of an estimator that does not name it is the first one with the
            highest score.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **line_options
            Passed to ``Axes.plot`` for the loss and the score.

        Returns
        -------
        LearningCurveDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ImportError
            If matplotlib is missing.
        ValueError
            If the estimator has no ``loss_curve_``.
        """
        check_is_fitted(estimator)
        if not hasattr(estimator, "loss_curve_"):
            raise ValueError(
                "LearningCurveDisplay needs an estimator that was fitted epoch by epoch and has "
                "loss_curve_, such as FocalMLPClassifier (of a pipeline its last step, of a "
                f"search its best_estimator_), got {type(estimator).__name__}."
            )
        scores = getattr(estimator, "validation_scores_", None)
        scoring = getattr(estimator, "scoring", None)
        best = None if not scores else getattr(estimator, "best_epoch_", 1 + int(np.argmax(scores)))
        display = cls(
            loss_curve=estimator.loss_curve_,
            validation_scores=scores or None,
            best_epoch=best,
            score_name=scoring.replace("_", " ") if isinstance(scoring, str) else "score",
        )
        return display.plot(ax, **line_options)

    def plot(self, ax: Any = None, **line_options: Any) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **line_options
            Passed to ``Axes.plot`` for the loss and the score.

        Returns
        -------
        LearningCurveDisplay
            Itself, with the attributes that end in an underscore.
        """
        if ax is None:
            ax = new_axes(type(self).__name__)
        self.ax_, self.figure_ = ax, ax.figure
        self.validation_ax_ = self.validation_line_ = self.best_line_ = None
        epochs = 1 + np.arange(len(self.loss_curve))
        options = {"color": "C0", "label": "training loss"} | line_options
        (self.loss_line_,) = ax.plot(epochs, self.loss_curve, **options)
        ax.set(xlabel="epochs", ylabel="training loss")
        if self.validation_scores is not None:
            last = epochs[len(epochs) - len(self.validation_scores) :]
            self._plot_validation(last, self.validation_scores, line_options)
        return self

    def _plot_validation(
        self, epochs: np.ndarray, scores: Sequence[float], line_options: dict[str, Any]
    ) -> None:
        # A second axis: score and loss differ in unit and range.
        ax, name = self.ax_.twinx(), f"validation {self.score_name}"
        options = {"color": "C1", "label": name} | line_options
        (line,) = ax.plot(epochs, scores, **options)
        ax.set_ylabel(name)
        handles = [self.loss_line_, line]
        if self.best_epoch is not None:
            self.best_line_ = self.ax_.axvline(
                self.best_epoch, color="0.5", linestyle="--", label=f"best: {self.best_epoch}"
            )
            handles.append(self.best_line_)
        ax.legend(handles=handles)
        self.validation_ax_, self.validation_line_ = ax, line
