"""check_loss accepts a loss of a user's own and names the one property that a broken one lacks."""

import subprocess
import sys

import numpy as np
import pytest

from skfocal.losses import CrossEntropyLoss, FocalLoss, MarginLoss, Traits, check_loss
from skfocal.losses._math import array_namespace, logistic_terms


class SquaredErrorLoss(MarginLoss):
    """``scale (1 - p)^2``, the Brier score of the true class: not registered, not ours."""

    tasks = frozenset({"binary", "multilabel"})

    def __init__(self, scale=1.0):
        self.scale = scale

    @property
    def traits(self):
        return Traits(convex=False, proper=True, invertible=True)

    def evaluate(self, margin, order=2, target=None):
        p, q, _, _ = logistic_terms(margin)
        results = (
            self.scale * q * q,
            -2 * self.scale * p * q * q,
            2 * self.scale * p * q * q * (2 * p - q),
        )
        return results[: order + 1]

    def log_relative_slope(self, margin, target=None):
        terms = logistic_terms(margin)
        return np.log(2 * self.scale) + terms.log_p + terms.log_q


def test_a_loss_of_a_users_own_passes():
    check_loss(SquaredErrorLoss())
    check_loss(SquaredErrorLoss(scale=3.0), class_counts=[5, 3, 1])


def test_only_losses_are_checked():
    with pytest.raises(TypeError, match="needs a MarginLoss instance, got 'focal'"):
        check_loss("focal")


class WrongTraits(SquaredErrorLoss):
    traits = None


class WrongTasks(SquaredErrorLoss):
    tasks = frozenset({"regression"})


class StoresSomethingElse(SquaredErrorLoss):
    def __init__(self, scale=1.0):
        self.scale = scale + 1


class LosesItsState(SquaredErrorLoss):
    log_relative_slope = MarginLoss.log_relative_slope
    traits = Traits(convex=False, proper=False, invertible=False)

    def bind(self, class_counts):
        bound = LosesItsState(self.scale)
        bound.memory = 2.0
        return bound

    def evaluate(self, margin, order=2, target=None):
        factor = getattr(self, "memory", 1.0)
        return tuple(factor * each for each in super().evaluate(margin, order, target))

    def __getstate__(self):
        return {"scale": self.scale}


class GivesTooMuch(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        return super().evaluate(margin, 2, target)


class PromotesToDouble(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        return tuple(np.float64(1) * each for each in super().evaluate(margin, order, target))


class FlattensShape(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        return tuple(np.ravel(each) for each in super().evaluate(margin, order, target))


class ChangesItsInput(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        if array_namespace(margin) is np and margin.ndim:
            margin += 1
        return super().evaluate(margin, order, target)


class HasAnotherMethod(SquaredErrorLoss):
    def derivative(self, margin, target=None):
        return 2 * super().derivative(margin, target)


class Overflows(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        _, *rest = super().evaluate(margin, order, target)
        return np.log1p(np.exp(-margin)), *rest


class Clips(SquaredErrorLoss):
    """NaN becomes a number on its way through maximum and minimum."""

    def evaluate(self, margin, order=2, target=None):
        results = super().evaluate(margin, order, target)
        return tuple(np.where(np.isnan(each), 1, each).astype(each.dtype) for each in results)


class WrongDerivative(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        value, *rest = super().evaluate(margin, order, target)
        return value, *(each * 1.001 for each in rest)


class WrongSecondDerivative(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        *rest, last = super().evaluate(margin, order, target)
        return *rest, (-last if order == 2 else last)


class LosesPrecision(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        results = super().evaluate(margin, order, target)
        if results[0].dtype == np.float32:
            results = tuple(each.astype(np.float16).astype(np.float32) for each in results)
        return results


class Rises(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        return tuple(-each for each in super().evaluate(margin, order, target))


class Flat(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        return tuple(0 * each for each in super().evaluate(margin, order, target))


class ClaimsConvex(SquaredErrorLoss):
    traits = Traits(convex=True, proper=True, invertible=True)


class ClaimsProper(FocalLoss):
    traits = Traits(convex=False, proper=True, invertible=True)


class ClaimsSymmetric(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        factor = 2.0 if target == 1 else 1.0
        return tuple(factor * each for each in super().evaluate(margin, order, target))


class Hinge(MarginLoss):
    """``max(1 - m, 0)``, whose slope jumps at 1 and says nothing beyond."""

    traits = Traits(convex=True, proper=False, invertible=False, smooth=False)

    def evaluate(self, margin, order=2, target=None):
        xp = array_namespace(margin)
        zero_or_nan = xp.where(xp.isnan(margin), margin, 0.0)
        slope = xp.where(margin < 1, -1.0, zero_or_nan)
        return (xp.clip(1 - margin, 0, None), slope, zero_or_nan)[: order + 1]


class ClaimsSmooth(Hinge):
    traits = Traits(convex=True, proper=False, invertible=False)


class ClaimsInvertible(Hinge):
    traits = Traits(convex=True, proper=False, invertible=True, smooth=False)


class Jumps(Hinge):
    traits = Traits(convex=False, proper=False, invertible=False, smooth=False)

    def evaluate(self, margin, order=2, target=None):
        value, *rest = super().evaluate(margin, order, target)
        return value + (margin < 1), *rest


class JumpsAndClaimsConvex(Jumps):
    traits = Traits(convex=True, proper=False, invertible=False, smooth=False)


class WrongContinuousForm(Jumps):
    def continuous(self):
        return CrossEntropyLoss()


class WrongSlope(SquaredErrorLoss):
    traits = Traits(convex=False, proper=False, invertible=False)

    def log_relative_slope(self, margin, target=None):
        return super().log_relative_slope(margin, target) + 0.1


class SlopeUnderflows(SquaredErrorLoss):
    log_relative_slope = MarginLoss.log_relative_slope


class ClaimsInvertibleForManyClasses(SquaredErrorLoss):
    """Minus infinity is the best score of a rare class among three."""

    tasks = MarginLoss.tasks


class WrongShift(SquaredErrorLoss):
    def log_odds_shift(self, score):
        return 0.5 * score


class AnnouncesWeights(SquaredErrorLoss):
    weighs_batch = True


class HidesWeights(SquaredErrorLoss):
    def batch_weight(self, margin, sample_weight=None):
        return np.ones_like(margin)


class NegativeWeights(AnnouncesWeights):
    def batch_weight(self, margin, sample_weight=None):
        return margin


class ArraysAlone(SquaredErrorLoss):
    def evaluate(self, margin, order=2, target=None):
        return super().evaluate(np.asarray(margin), order, target)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (WrongTraits, "traits must be a Traits, got None"),
        (WrongTasks, "tasks must be some of .*'regression'"),
        (StoresSomethingElse, "constructor either does not set or modifies parameter scale"),
        (LosesItsState, "value of a pickled copy at margin .* got .* expected"),
        (GivesTooMuch, r"evaluate\(m, 0\) must be a tuple of 1 arrays"),
        (PromotesToDouble, r"value of a margin of \(\) and float32 has \(\) and float64"),
        (FlattensShape, r"value of a margin of \(\) and float32 has \(1,\)"),
        (ChangesItsInput, "evaluate changed its input"),
        (HasAnotherMethod, "the method for the first derivative at margin"),
        (Overflows, "overflow encountered in exp .*check_extremes"),
        (Clips, "value at margin nan: got 1, expected NaN for NaN alone"),
        (WrongDerivative, "first derivative at margin .* got .* expected"),
        (WrongSecondDerivative, "second derivative at margin"),
        (LosesPrecision, "value in float32 at margin"),
        (Rises, "first derivative at margin .* expected at most 0"),
        (Flat, "the first derivative is 0 everywhere"),
        (ClaimsConvex, "convex: curvature at margin .* expected at least 0"),
        (ClaimsProper, "proper: log-odds of the score at margin"),
        (ClaimsSymmetric, "symmetric: class 1 at margin"),
        (ClaimsSmooth, "smooth: jump of the first derivative at margin 1: got 1, expected none"),
        (ClaimsInvertible, "divide by zero encountered in log .*check_traits"),
        (Jumps, r"continuous\(\): jump of the value at margin 1: got 1, expected none"),
        (JumpsAndClaimsConvex, "convex: jump of the value at margin 1"),
        (WrongContinuousForm, r"continuous\(\): first derivative at margin"),
        (WrongSlope, "log_relative_slope at margin"),
        (SlopeUnderflows, "divide by zero encountered in log .*check_traits"),
        (ClaimsInvertibleForManyClasses, "invertible: rise of log eta at margin -10000"),
        (WrongShift, "log_odds_shift at margin .* got .* expected"),
        (AnnouncesWeights, "weighs_batch is True, but batch_weight gave nothing"),
        (HidesWeights, "weighs_batch is False, but batch_weight gave weights"),
        (NegativeWeights, "batch_weight at margin .* expected finite and at least 0"),
    ],
)
def test_a_broken_loss_is_named_with_what_it_lacks(broken, message):
    with pytest.raises(AssertionError, match=message) as error:
        check_loss(broken())
    assert str(error.value).startswith(f"{broken.__name__}(")
    assert "\n" not in str(error.value)


def test_a_loss_with_a_kink_passes():
    check_loss(Hinge())


def test_tensors_are_checked_once_torch_is_there():
    pytest.importorskip("torch")
    with pytest.raises(AssertionError, match=r"value of a torch.float64 tensor is float64"):
        check_loss(ArraysAlone())


@pytest.mark.slow
def test_torch_is_not_imported():
    code = (
        "import sys; from skfocal.losses import FocalLoss, check_loss; check_loss(FocalLoss());"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
