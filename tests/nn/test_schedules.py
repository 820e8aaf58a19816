"""Schedules: which loss and which weights are in force in which epoch."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skfocal.losses import CrossEntropyLoss, FocalLoss, check_loss
from skfocal.nn import DeferredReweighting, GammaSchedule, LossModule, WarmUp
from skfocal.posterior import log_odds

SCORES = torch.linspace(-4, 4, 9, dtype=torch.float64)
TARGET = torch.arange(9) % 2


def losses_over(schedule, module, epochs):
    attached, found = schedule.attach(module), []
    for epoch in range(epochs):
        attached.step(epoch)
        found.append(module(SCORES, TARGET).item())
    return found


def test_warm_up():
    focal = LossModule("focal", "binary")(SCORES, TARGET).item()
    plain = LossModule("cross_entropy", "binary")(SCORES, TARGET).item()
    values = losses_over(WarmUp(epochs=2), LossModule("focal", "binary"), 4)
    assert values == pytest.approx([plain, plain, focal, focal], rel=1e-12)
    blended = losses_over(WarmUp(epochs=1, blend=3), LossModule("focal", "binary"), 6)
    expected = [plain + share * (focal - plain) for share in (0, 0.25, 0.5, 0.75, 1, 1)]
    assert blended == pytest.approx(expected, rel=1e-12)


def test_a_blend_is_a_loss_with_a_posterior():
    module = LossModule("focal", "binary")
    attached = WarmUp(epochs=0, blend=3).attach(module)
    attached.step(1)
    blend = module.loss
    check_loss(blend)
    # The population minimiser of the blend at 1 %, by a grid, goes back to 1 %.
    scores = np.linspace(-8, 2, 200_001)
    expected = 0.01 * blend.value(scores) + 0.99 * blend.value(-scores)
    best = scores[expected.argmin()]
    honest = log_odds(blend, [best], "binary")[0]
    assert 1 / (1 + np.exp(-honest)) == pytest.approx(0.01, rel=1e-3)


def test_gamma_schedule():
    module = LossModule("focal", "binary", gamma=2.0)
    attached = GammaSchedule(start=0.0, stop=2.0, epochs=4).attach(module)
    seen = []
    for epoch in (0, 1, 2, 4, 9, 1):
        attached.step(epoch)
        seen.append(module.loss.gamma)
    assert seen == [0.0, 0.5, 1.0, 2.0, 2.0, 0.5]
    with pytest.raises(ValueError, match="no parameter gamma"):
        GammaSchedule().attach(LossModule("cross_entropy", "binary"))


def test_deferred_reweighting():
    weighted = LossModule("focal", "binary", alpha=0.9)(SCORES, TARGET).item()
    plain = LossModule("focal", "binary")(SCORES, TARGET).item()
    values = losses_over(DeferredReweighting(epoch=2), LossModule("focal", "binary", alpha=0.9), 4)
    assert values == pytest.approx([plain, plain, weighted, weighted], rel=1e-12)


@pytest.mark.parametrize(
    "make, error",
    [
        (lambda: WarmUp(-1), ValueError),
        (lambda: WarmUp(1.5), TypeError),
        (lambda: WarmUp(1, blend=True), TypeError),
        (lambda: GammaSchedule(start=-1.0), ValueError),
        (lambda: GammaSchedule(stop=float("inf")), ValueError),
        (lambda: GammaSchedule(start="0"), TypeError),
        (lambda: DeferredReweighting(-1), ValueError),
    ],
)
def test_bad_parameters(make, error):
    with pytest.raises(error, match="must be"):
        make()


def test_schedules_are_values_and_the_module_keeps_its_own_loss():
    schedule = clone(WarmUp(epochs=3, blend=2))
    assert (schedule.epochs, schedule.blend) == (3, 2)
    own = FocalLoss(gamma=1.0)
    module = LossModule(own, "binary")
    attached = schedule.attach(module)
    assert isinstance(module.loss, CrossEntropyLoss)
    attached.step(99)
    assert module.loss is own
    assert own.gamma == 1.0
