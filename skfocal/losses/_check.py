"""Check that a loss keeps its promises: for users' own losses, and for every loss here."""

import pickle
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from skfocal.losses._base import TASKS, MarginLoss, Traits
from skfocal.losses._math import Array, logistic_terms

# Irregular spacing and offset, so that a kink at a round number is not hit exactly.
_GRID = np.sort(np.concatenate([np.linspace(-30, 30, 121), np.linspace(-6, 6, 201)])) + 0.00137
_GRID.setflags(write=False)
_STEP = 1e-3  # of the differences: truncation and rounding are both near 1e-12
_NAMES = ("value", "first derivative", "second derivative")


def check_loss(loss: MarginLoss, *, class_counts: ArrayLike = (90.0, 10.0)) -> None:
    """Raise if a loss breaks what learners, posterior and torch module rely on.

    Run it in the tests of a loss of your own. It checks one instance: call it at each corner of
    the parameters' ranges, and with one value where a parameter may be a vector over labels.

    These must hold: derivatives that agree with differences; a value that never rises with the
    margin; finite results for margins up to 1e4 in float32 and 1e300 in float64, and NaN for NaN;
    shape and dtype of the margin kept and the margin unchanged; parameters that survive
    ``clone`` and pickle; traits that promise nothing untrue; a :meth:`~MarginLoss.continuous`
    form without jumps; a consistent :meth:`~MarginLoss.log_relative_slope`; weights in
    :meth:`~MarginLoss.batch_weight` that are finite and not negative; and, if torch has been
    imported, the same results on tensors.

    Parameters
    ----------
    loss : MarginLoss
        The instance to check.
    class_counts : array-like of shape (n_classes,), default=(90.0, 10.0)
        Class counts that the loss is bound to first.

    Raises
    ------
    AssertionError
        If a property fails; the message says which, at which margin, what was got and what was
        expected.
    TypeError
        If `loss` is not an instance of :class:`MarginLoss`.

    See Also
    --------
    MarginLoss : What a loss has to implement.

    Examples
    --------
    >>> from skfocal.losses import FocalLoss, check_loss
    >>> check_loss(FocalLoss(gamma=2.0))
    """
    if not isinstance(loss, MarginLoss):
        raise TypeError(f"check_loss needs a MarginLoss instance, got {loss!r}.")
    class_counts = np.asarray(class_counts, dtype=np.float64)
    bound = loss.bind(class_counts)
    _check_declarations(bound)
    targets = _targets(bound, len(class_counts))
    for check in _CHECKS:
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                check(bound, targets)
        except FloatingPointError as error:
            _fail(bound, f"{error} (found by {check.__name__.strip('_')})")
    _check_copies(loss, bound, class_counts)


# --- the checks, each of one property -------------------------------------------------------------


def _check_declarations(loss: MarginLoss) -> None:
    if not isinstance(loss.traits, Traits):
        _fail(loss, f"traits must be a Traits, got {loss.traits!r}")
    if not loss.tasks or not set(loss.tasks) <= TASKS:
        _fail(loss, f"tasks must be some of {sorted(TASKS)}, got {loss.tasks!r}")
    if type(loss).__name__ not in repr(loss):
        _fail(loss, "repr must hold the name of the class")


def _check_copies(loss: MarginLoss, bound: MarginLoss, class_counts: np.ndarray) -> None:
    """Check that the constructor stores its parameters, so that copies are the same loss."""
    pickled = pickle.loads(pickle.dumps(bound))
    try:
        cloned = clone(loss).bind(class_counts)
    except RuntimeError as error:
        _fail(loss, str(error))
    for what, copy in (("pickled copy", pickled), ("clone", cloned)):
        if repr(copy.get_params()) != repr(loss.get_params()):
            _fail(loss, f"a {what} has the parameters {copy.get_params()}")
        for target in _targets(loss, len(class_counts)):
            got, wanted = (each.evaluate(_GRID, 0, target)[0] for each in (copy, bound))
            _require(got == wanted, loss, f"value of a {what}", _GRID, got, wanted)


def _check_form(loss: MarginLoss, targets: Sequence[int]) -> None:
    """Check that results have the shape and dtype of the margin, which stays as it was."""
    for shape in ((), (0,), (3,), (2, 3)):
        for dtype in (np.float32, np.float64):
            margin = np.linspace(-2, 2, int(np.prod(shape))).reshape(shape).astype(dtype)
            before = margin.copy()
            for order in range(3):
                results = loss.evaluate(margin, order, targets[-1])
                if not isinstance(results, tuple) or len(results) != order + 1:
                    _fail(loss, f"evaluate(m, {order}) must be a tuple of {order + 1} arrays")
                for name, result in zip(_NAMES, results, strict=False):
                    got = f"{np.shape(result)} and {np.asarray(result).dtype}"
                    wanted = f"{margin.shape} and {margin.dtype}"
                    if got != wanted:
                        _fail(loss, f"{name} of a margin of {wanted} has {got}")
            if not np.array_equal(margin, before):
                _fail(loss, "evaluate changed its input")
    for name, method, result in zip(
        _NAMES,
        (loss.value, loss.derivative, loss.second_derivative),
        loss.evaluate(_GRID, 2, targets[-1]),
        strict=True,
    ):
        got = method(_GRID, targets[-1])
        _require(_close(got, result, 1e-14), loss, f"the method for the {name}", _GRID, got, result)


def _check_extremes(loss: MarginLoss, targets: Sequence[int]) -> None:
    """Check that results are finite wherever the mathematics is, and NaN only for NaN."""
    for dtype, largest in ((np.float32, 1e4), (np.float64, 1e300)):
        sizes = np.array([88.0, 89.0, 104.0, 746.0, 1e4, largest])
        margin = np.concatenate([-sizes, sizes]).astype(dtype)
        for target in targets:
            for name, got in zip(_NAMES, loss.evaluate(margin, 2, target), strict=True):
                _require(np.isfinite(got), loss, f"{name} ({got.dtype})", margin, got, "finite")
    with np.errstate(all="ignore"):
        margin = np.array([np.nan, -np.inf, np.inf])
        for target in targets:
            for name, got in zip(_NAMES, loss.evaluate(margin, 2, target), strict=True):
                right = np.isnan(got) == np.isnan(margin)
                _require(right, loss, name, margin, got, "NaN for NaN alone")


def _check_derivatives(loss: MarginLoss, targets: Sequence[int]) -> None:
    """Check each derivative against differences, and float32 against float64."""
    for target in targets:
        results = loss.evaluate(_GRID, 2, target)
        for order in (1, 2):
            wanted, doubt = _difference_quotient(loss, order, target)
            right = np.abs(results[order] - wanted) <= 1e-8 * (1 + np.abs(wanted)) + doubt
            _require(right, loss, _NAMES[order], _GRID, results[order], wanted)
        single = _GRID.astype(np.float32)
        for name, got, wanted in zip(
            _NAMES,
            loss.evaluate(single, 2, target),
            loss.evaluate(single.astype(np.float64), 2, target),
            strict=True,
        ):
            _require(_close(got, wanted, 1e-4), loss, f"{name} in float32", single, got, wanted)


def _check_decreasing(loss: MarginLoss, targets: Sequence[int]) -> None:
    """Check that a larger margin never costs more, and somewhere costs less."""
    for target in targets:
        value, slope = loss.evaluate(_GRID, 1, target)
        _require(slope <= 0, loss, "first derivative", _GRID, slope, "at most 0")
        rise = np.append(0.0, np.diff(value))
        _require(rise <= 1e-12 * (1 + value[0]), loss, "rise of the value", _GRID, rise, "none")
        if not slope.any():
            _fail(loss, "the first derivative is 0 everywhere")


def _check_traits(loss: MarginLoss, targets: Sequence[int]) -> None:
    """Check the traits that are True; a False one promises nothing."""
    traits = loss.traits
    for target in targets:
        value, slope, curvature = loss.evaluate(_GRID, 2, target)
        if traits.convex:
            _require(curvature >= -1e-9, loss, "convex: curvature", _GRID, curvature, "at least 0")
            rise = np.append(0.0, np.diff(slope))
            _require(rise >= -1e-9, loss, "convex: rise of the slope", _GRID, rise, "at least 0")
            margin, jump = _largest_jump(loss, 0, target)
            _require(jump <= 1e-6, loss, "convex: jump of the value", margin, jump, "none")
        if traits.symmetric:
            first = loss.evaluate(_GRID, 0)[0]
            _require(value == first, loss, f"symmetric: class {target}", _GRID, value, first)
        if traits.smooth:
            margin, jump = _largest_jump(loss, 1, target)
            right = jump <= 1e-3 * np.abs(slope).max()
            _require(right, loss, "smooth: jump of the first derivative", margin, jump, "none")
    if traits.proper or traits.invertible:
        _check_posterior(loss, targets)


def _check_posterior(loss: MarginLoss, targets: Sequence[int]) -> None:
    """Check that log-odds increase with the score; for a proper loss they are the score."""
    scores = np.unique(np.concatenate([_GRID, [-1e4, -1e3, 0.0, 1e3, 1e4]]))
    offset = 0.0
    if loss.class_offset is not None:
        offset = loss.class_offset[1] - loss.class_offset[0]
    margin = loss.score_scale * scores + offset
    shift = loss.log_odds_shift(margin)
    wanted = loss.log_relative_slope(-margin, 0) - loss.log_relative_slope(margin, 1)
    _require(_close(shift, wanted, 1e-9), loss, "log_odds_shift", margin, shift, wanted)
    log_odds = margin + shift
    if loss.traits.proper:
        right = _close(log_odds, scores, 1e-9)
        _require(right, loss, "proper: log-odds of the score", scores, log_odds, scores)
    _require(np.isfinite(log_odds), loss, "invertible: log-odds", scores, log_odds, "finite")
    rise = np.append(1.0, np.diff(log_odds))
    _require(rise > 0, loss, "invertible: rise of the log-odds", scores, rise, "positive")
    # Convex losses with a function per class have a unique minimiser without what follows.
    if "multiclass" not in loss.tasks or (loss.traits.convex and not loss.traits.symmetric):
        return
    for target in targets:
        # log eta_k up to a constant of the row: it must rise with the margin of class k, and
        # from minus infinity, or rare classes end at a score of minus infinity.
        log_share = logistic_terms(scores).log_p - loss.log_relative_slope(scores, target)
        rise = np.append(log_share[1] - log_share[0], np.diff(log_share))
        right = rise >= np.where(scores < -30, 1e-6, -1e-9 * (1 + np.abs(log_share)))
        _require(right, loss, "invertible: rise of log eta", scores, rise, "positive")


def _check_log_relative_slope(loss: MarginLoss, targets: Sequence[int]) -> None:
    """Check that it agrees with the first derivative, wherever that is not 0."""
    for target in targets:
        slope = -loss.evaluate(_GRID, 1, target)[1]
        there = slope > 1e-250
        got = loss.log_relative_slope(_GRID[there], target)
        wanted = np.log(slope[there]) - logistic_terms(_GRID[there]).log_q
        right = _close(got, wanted, 1e-8)
        _require(right, loss, "log_relative_slope", _GRID[there], got, wanted)


def _check_continuous(loss: MarginLoss, targets: Sequence[int]) -> None:
    """Check that the form for line searches has no jump and the same first derivative."""
    other = loss.continuous()
    for target in targets:
        margin, jump = _largest_jump(other, 0, target)
        _require(jump <= 1e-6, loss, "continuous(): jump of the value", margin, jump, "none")
        got, wanted = other.evaluate(_GRID, 1, target)[1], loss.evaluate(_GRID, 1, target)[1]
        right = _close(got, wanted, 1e-12)
        _require(right, loss, "continuous(): first derivative", _GRID, got, wanted)


def _check_batch_weight(loss: MarginLoss, targets: Sequence[int]) -> None:
    """Check that batch weights are returned if and only if the class declares them."""
    weight = loss.batch_weight(_GRID)
    if (weight is None) == loss.weighs_batch:
        got = "nothing" if weight is None else "weights"
        _fail(loss, f"weighs_batch is {loss.weighs_batch}, but batch_weight gave {got}")
    if weight is not None:
        if np.shape(weight) != _GRID.shape:
            _fail(loss, f"batch_weight of {_GRID.shape} has the shape {np.shape(weight)}")
        right = np.isfinite(weight) & (weight >= 0)
        _require(right, loss, "batch_weight", _GRID, weight, "finite and at least 0")


def _check_torch(loss: MarginLoss, targets: Sequence[int]) -> None:
    """Check that tensors give what arrays give, in their own dtype; never import torch."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    for dtype, rtol in ((torch.float64, 1e-12), (torch.float32, 1e-4)):
        margin = torch.tensor(_GRID, dtype=dtype)
        for target in targets:
            for name, tensor, wanted in zip(
                _NAMES,
                loss.evaluate(margin, 2, target),
                loss.evaluate(margin.numpy(), 2, target),
                strict=True,
            ):
                if not isinstance(tensor, torch.Tensor) or tensor.dtype != dtype:
                    kind = getattr(tensor, "dtype", type(tensor))
                    _fail(loss, f"{name} of a {dtype} tensor is {kind}")
                got, right = tensor.numpy(), _close(tensor.numpy(), wanted, rtol)
                _require(right, loss, f"{name} of a {dtype} tensor", _GRID, got, wanted)


_CHECKS: tuple[Callable[[MarginLoss, Sequence[int]], None], ...] = (
    _check_form,
    _check_extremes,
    _check_derivatives,
    _check_decreasing,
    _check_traits,
    _check_log_relative_slope,
    _check_continuous,
    _check_batch_weight,
    _check_torch,
)


# --- what they share ------------------------------------------------------------------------------


def _targets(loss: MarginLoss, n_classes: int) -> range:
    return range(n_classes if "multiclass" in loss.tasks else 2)


def _difference_quotient(
    loss: MarginLoss, order: int, target: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return 4th-order central differences on the grid and an estimate of their error.

    The estimate is the change from a step twice as large. It is huge exactly where the stencil
    crosses a kink or a jump, where differences say nothing.
    """

    def quotient(step: float) -> np.ndarray:
        far, near = (
            loss.evaluate(_GRID + s, order - 1, target)[order - 1]
            - loss.evaluate(_GRID - s, order - 1, target)[order - 1]
            for s in (2 * step, step)
        )
        return (8 * near - far) / (12 * step)

    fine, coarse = quotient(_STEP), quotient(2 * _STEP)
    return fine, np.abs(fine - coarse)


def _largest_jump(loss: MarginLoss, order: int, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Bisect every interval of the grid towards the larger change; return the change left."""

    def function(margin: np.ndarray) -> np.ndarray:
        return loss.evaluate(margin, order, target)[order]

    left, right = _GRID[:-1], _GRID[1:]
    at_left, at_right = function(left), function(right)
    for _ in range(36):  # an interval of 0.5 ends at 1e-11
        middle = (left + right) / 2
        at_middle = function(middle)
        go_left = np.abs(at_middle - at_left) > np.abs(at_right - at_middle)
        left, at_left = np.where(go_left, (left, at_left), (middle, at_middle))
        right, at_right = np.where(go_left, (middle, at_middle), (right, at_right))
    return left, np.abs(at_right - at_left)


def _close(got: Array, wanted: Array, rtol: float) -> np.ndarray:
    return np.abs(got - wanted) <= rtol * (1 + np.abs(wanted))


def _require(
    right: Array, loss: MarginLoss, what: str, margin: np.ndarray, got: Array, wanted: Any
) -> None:
    """Raise at the first margin where `right` is False."""
    if np.all(right):
        return
    i = int(np.argmin(right))
    expected = wanted if isinstance(wanted, str) else f"{wanted[i]:.10g}"
    _fail(loss, f"{what} at margin {margin[i]:.6g}: got {got[i]:.10g}, expected {expected}")


def _fail(loss: MarginLoss, message: str) -> NoReturn:
    raise AssertionError(f"{loss!r}: {message}.")
