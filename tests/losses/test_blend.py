"""The private blend of cross-entropy and another loss, which schedules put in force."""

import numpy as np
import pytest

from skfocal.losses import (
    CrossEntropyLoss,
    FocalLoss,
    GHMLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    check_loss,
    list_losses,
)
from skfocal.losses._blend import BlendedLoss
from skfocal.losses._registry import get_loss_class

CASES = [
    loss
    for name in list_losses()
    for loss in get_loss_class(name).corner_cases()
    if loss.score_scale == 1.0 and loss.bind(np.array([9.0, 1.0])).class_offset is None
]


@pytest.mark.slow
@pytest.mark.parametrize("loss", CASES, ids=repr)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_blend_of_any_loss_is_a_loss(loss, share):
    # It says, among others, that the posterior of a blend of an invertible loss can be inverted.
    check_loss(BlendedLoss(loss, share))


def test_value_is_the_mixture():
    margin = np.linspace(-5, 5, 21)
    mixed = BlendedLoss(FocalLoss(2.0), 0.25)
    wanted = 0.75 * CrossEntropyLoss().value(margin) + 0.25 * FocalLoss(2.0).value(margin)
    np.testing.assert_allclose(mixed.value(margin), wanted, rtol=1e-14)


def test_batch_weights_are_mixed_with_1():
    margin = np.array([3.0, 2.0, 1.0, -1.0])
    loss, mixed = GHMLoss(bins=2, momentum=0.5), BlendedLoss(GHMLoss(bins=2, momentum=0.5), 0.5)
    wanted = 0.5 + 0.5 * loss.batch_weight(margin)
    np.testing.assert_allclose(mixed.batch_weight(margin), wanted)
    histogram = mixed.histogram(margin)
    np.testing.assert_allclose(mixed.weight_by_density(histogram, histogram.share), wanted)
    assert mixed.momentum == 0.5
    assert mixed.weighs_batch


def test_binding_reaches_the_loss():
    mixed = BlendedLoss(LDAMLoss(), 0.5).bind(np.array([10_000.0, 16.0]))
    np.testing.assert_allclose(mixed.loss.class_margin, [0.1, 0.5])


def test_what_cannot_be_blended():
    with pytest.raises(ValueError, match=r"share must be a number in \(0, 1\), got 1"):
        BlendedLoss(FocalLoss(), 1)
    with pytest.raises(ValueError, match="scales or shifts the scores"):
        BlendedLoss(LDAMLoss(scale=30.0))
    with pytest.raises(ValueError, match="scales or shifts the scores"):
        BlendedLoss(LogitAdjustedLoss().bind(np.array([9.0, 1.0])))
