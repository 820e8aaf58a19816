"""A contestant: what it is called, how it is built, and what it may choose from."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

__all__ = ["ALL", "BINARY", "SEVERAL", "Method", "grid"]

BINARY = ("binary",)
SEVERAL = ("binary", "multiclass")
ALL = ("binary", "multiclass", "multilabel")


@dataclass(frozen=True)
class Method:
    """An arm of the comparison.

    Attributes
    ----------
    name : str
        As it stands in the results.
    label : str
        Short text for tables.
    kind : str
        ``"baseline"``, ``"resampling"``, ``"focal"``, ``"ensemble"`` or ``"control"``.
    build : callable
        ``build(fold, **parameters)`` returns an unfitted classifier; `fold` is a
        :class:`skfocal.benchmark.arms.FoldInfo`.
    configurations : tuple of dict
        What the inner search may choose from. A budget of b configurations takes the first b, so
        that the order goes from coarse to fine.
    finish : callable or None
        ``finish(classifier, thresholds)`` wraps the chosen classifier for its final fit, given the
        thresholds tuned on inner folds. It may change decisions, not probabilities.
    tasks : tuple of str
        Kinds of target that the arm is for.
    default_for : tuple of str
        Those of them for which the arm runs when no method is named.
    requires : tuple of str
        Distributions that it needs besides those of every arm; a run notes their versions.
    zero_point : str or None
        The arm that differs in the loss, or in the resampling, alone, by which a report tells what
        that adds. It makes a focal arm one that may speak for focal loss.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skfocal.benchmark import Method, run
    >>> arm = Method("bayes", "Naive Bayes", "control", lambda fold: GaussianNB())
    >>> results = run("tiny", datasets=["wine"], methods=["dummy", arm])
    >>> results["method"].unique().tolist()
    ['dummy', 'bayes']
    """

    name: str
    label: str
    kind: str
    build: Callable[..., Any]
    configurations: tuple[dict[str, Any], ...] = ({},)
    finish: Callable[..., Any] | None = None
    tasks: tuple[str, ...] = BINARY
    default_for: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    zero_point: str | None = None


def grid(**values) -> tuple[dict[str, Any], ...]:
    """Return all combinations; the last parameter runs fastest."""
    return tuple(dict(zip(values, row, strict=True)) for row in product(*values.values()))
