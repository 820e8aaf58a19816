"""Alpha, class weights and sample weights in LossModule."""

import inspect
import math

import pytest
import torch
from torch.nn import functional as F

from skfocal.losses import list_losses
from skfocal.nn import LossModule
from tests.nn.batches import batch, combinations, generator, make


def test_one_alpha_for_many_classes():
    with pytest.raises(ValueError, match=r"3.*vector") as caught:
        LossModule("focal", "multiclass", alpha=0.25)(torch.zeros(2, 3), torch.tensor([0, 1]))
    assert "balanced" in str(caught.value) or "weights" in str(caught.value)
    LossModule("focal", "multiclass", alpha=0.25)(torch.zeros(2, 2), torch.tensor([0, 1]))


def test_no_class_is_special():
    scores, target = batch("multiclass")
    weight, order = torch.tensor([0.5, 2.0, 3.0]), torch.tensor([2, 0, 1])
    plain = LossModule("focal", "multiclass", alpha=weight)(scores, target)
    inverse = torch.argsort(order)
    moved = LossModule("focal", "multiclass", alpha=weight[order])(
        scores[:, order], inverse[target]
    )
    torch.testing.assert_close(plain, moved, rtol=1e-12, atol=0)
    with pytest.raises(ValueError, match=r"2 classes.* 3"):
        LossModule("focal", "multiclass", alpha=[1.0, 2.0])(scores, target)


def test_alpha_weighs_positives():
    x, target = torch.zeros(2), torch.tensor([1, 0])

    def losses(alpha):
        return LossModule("focal", "binary", gamma=0.0, alpha=alpha, reduction="none")(x, target)

    assert losses(0.25).tolist() == pytest.approx([0.1732868, 0.5198604], rel=1e-6)
    plain = losses(None)
    assert losses(1.0).tolist() == [plain[0].item(), 0.0]
    assert losses(0.0).tolist() == [0.0, plain[1].item()]
    assert losses([1.0, 1.0]).tolist() == plain.tolist()
    assert inspect.signature(LossModule).parameters["alpha"].default is None


@pytest.mark.parametrize("name, task", combinations(list_losses()))
def test_alpha_has_an_effect(name, task):
    scores, target = batch(task)
    weights = ([0.9, 0.5, 0.1], [0.1, 0.5, 0.9]) if task == "multiclass" else (0.9, 0.1)
    values = [make(name, task, alpha=alpha)(scores, target).item() for alpha in weights]
    assert abs(values[0] - values[1]) > 1e-6


@pytest.mark.parametrize("alpha", [-1.0, -0.1, 1.5, math.nan, math.inf])
def test_range_of_alpha(alpha):
    with pytest.raises(ValueError, match=r"alpha.*0.*1"):
        LossModule("focal", "binary", alpha=alpha)
    if not 0 <= alpha < math.inf:
        with pytest.raises(ValueError, match="alpha"):
            LossModule("focal", "multiclass", alpha=[1.0, alpha])


def test_weights_multiply_the_loss_once():
    scores, target = batch("multiclass", n=100)
    weight = torch.tensor([0.5, 2.0, 7.0], dtype=torch.float64)

    def losses(**options):
        return LossModule("focal", "multiclass", reduction="none", **options)(scores, target)

    torch.testing.assert_close(losses(alpha=4 * weight), 4 * losses(alpha=weight), rtol=0, atol=0)
    torch.testing.assert_close(losses(alpha=weight), weight[target] * losses(), rtol=1e-12, atol=0)
    cross_entropy = F.cross_entropy(scores, target, weight=weight, reduction="none")
    torch.testing.assert_close(losses(alpha=weight, gamma=0.0), cross_entropy)
    score = torch.tensor([math.log(9.0)], dtype=torch.float64)
    one = LossModule("focal", "binary", pos_weight=3.0)(score, torch.tensor([1]))
    assert one.item() == pytest.approx(0.003160815, rel=1e-6)


@pytest.mark.parametrize("alpha", [0.1, 0.25, 0.9])
def test_softmax_of_two_is_sigmoid(alpha):
    x, target = batch("binary")
    pairs = torch.stack([torch.zeros_like(x), x], dim=1)
    binary = LossModule("focal", "binary", alpha=alpha, reduction="none")(x, target)
    double = LossModule("focal", "multiclass", alpha=[1 - alpha, alpha], reduction="none")
    torch.testing.assert_close(double(pairs, target), binary, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("scores_shape", [(2,), (2, 1)])
@pytest.mark.parametrize("target_shape", [(2,), (2, 1)])
def test_no_silent_broadcast(scores_shape, target_shape):
    x = torch.tensor([0.0, 2.0]).reshape(scores_shape)
    target = torch.tensor([1, 0]).reshape(target_shape)
    module = LossModule("focal", "binary", gamma=0.0, alpha=0.25)
    assert module(x, target).item() == pytest.approx(0.8842414, rel=1e-6)
    none = LossModule("focal", "binary", reduction="none")(x, target)
    assert none.shape == target.shape


@pytest.mark.parametrize("name, task", combinations(list_losses()))
def test_the_unreduced_loss_has_the_shape_of_the_targets(name, task):
    scores, target = batch(task, n=3)
    assert make(name, task, reduction="none")(scores, target).shape == target.shape


def test_weights_go_by_class_not_by_position():
    weight = torch.arange(1.0, 11.0)
    weighted = LossModule("focal", "multiclass", alpha=weight)
    plain = LossModule("focal", "multiclass")
    scores = torch.randn(1, 10, generator=generator())
    for y in range(10):
        target = torch.tensor([y])
        torch.testing.assert_close(weighted(scores, target), (y + 1) * plain(scores, target))


def test_all_weights_multiply():
    x, target = batch("binary")
    sample = torch.rand(8, generator=generator(3), dtype=torch.float64)
    module = LossModule(
        "focal",
        "binary",
        alpha=0.3,
        class_weight=[2.0, 5.0],
        pos_weight=1.5,
        reduction="none",
    )
    plain = LossModule("focal", "binary", reduction="none")(x, target)
    factor = torch.where(target > 0, 0.3 * 5.0 * 1.5, 0.7 * 2.0) * sample
    torch.testing.assert_close(module(x, target, sample), factor * plain, rtol=1e-12, atol=0)
    scores, labels = batch("multilabel")
    alphas = [0.2, 0.5, 0.8]
    multi = LossModule("focal", "multilabel", alpha=alphas, reduction="none")(scores, labels)
    for j, alpha in enumerate(alphas):
        column = LossModule("focal", "binary", alpha=alpha, reduction="none")
        torch.testing.assert_close(multi[:, j], column(scores[:, j], labels[:, j]))
