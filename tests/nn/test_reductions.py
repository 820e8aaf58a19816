"""Reductions, ignored items and soft targets of LossModule."""

import inspect
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from skfocal.losses import get_loss, list_losses
from skfocal.losses._registry import get_loss_class
from skfocal.nn import LossModule
from tests.nn.batches import POINTWISE, batch, combinations, generator, make


def test_mean_is_over_items():
    scores = torch.randn(64, 7, generator=generator(), requires_grad=True)
    target = torch.randint(0, 7, (64,), generator=generator(1))
    loss = LossModule("focal", "multiclass", gamma=0.0)(scores, target)
    torch.testing.assert_close(loss, F.cross_entropy(scores, target), rtol=1e-6, atol=0)
    assert loss.dim() == 0
    loss.backward()
    images = torch.randn(4, 7, 3, 2, generator=generator(2))
    labels = torch.randint(0, 7, (4, 3, 2), generator=generator(3))
    module = LossModule("focal", "multiclass", gamma=0.0)
    torch.testing.assert_close(module(images, labels), F.cross_entropy(images, labels))
    last = LossModule("focal", "multiclass", gamma=0.0, class_dim=-1)
    torch.testing.assert_close(last(images.movedim(1, -1), labels), F.cross_entropy(images, labels))
    cells, flags = batch("multilabel")
    torch.testing.assert_close(
        LossModule("cross_entropy", "multilabel")(cells, flags),
        F.binary_cross_entropy_with_logits(cells, flags.double()),
    )


def test_the_mean_divides_by_items_or_by_weights():
    scores, target = torch.zeros(2, 2), torch.tensor([0, 1])

    def loss(reduction, sample_weight=None):
        module = LossModule("focal", "multiclass", gamma=0.0, alpha=[1, 3], reduction=reduction)
        return module(scores, target, sample_weight).item()

    assert loss("mean") == pytest.approx(2 * math.log(2))
    assert loss("weights") == pytest.approx(math.log(2))
    weighted = loss("mean", torch.tensor([2.0, 1.0]))
    module = LossModule("focal", "multiclass", gamma=0.0, alpha=[1, 3])
    repeated = module(scores[[0, 0, 1]], target[[0, 0, 1]]).item()
    assert weighted == pytest.approx(repeated)


@pytest.mark.parametrize("name, task", combinations(list_losses()))
def test_sum_and_mean_are_those_of_the_unreduced_loss(name, task):
    scores, target = batch(task)
    none, total, mean = (
        make(name, task, reduction=reduction)(scores, target)
        for reduction in ("none", "sum", "mean")
    )
    torch.testing.assert_close(none.sum(), total, rtol=1e-12, atol=0)
    torch.testing.assert_close(none.mean(), mean, rtol=1e-12, atol=0)
    make(name, task, reduction="weights")(scores, target)
    if task != "multiclass":
        make(name, task, reduction="positives")(scores, target)
    with pytest.raises(ValueError, match=r"reduction.*'mean'"):
        make(name, task, reduction="average")


def test_divided_by_positives():
    x = torch.randn(8, generator=generator(), requires_grad=True)
    by_positives = LossModule("focal", "binary", reduction="positives")
    total = LossModule("focal", "binary", reduction="sum")
    none = torch.zeros(8).long()
    torch.testing.assert_close(by_positives(x, none), total(x, none))
    assert torch.isfinite(torch.autograd.grad(by_positives(x, none), x)[0]).all()
    three = torch.tensor([1, 1, 1, 0, 0, 0, 0, 0])
    torch.testing.assert_close(by_positives(x, three), total(x, three) / 3)
    sample = torch.full((8,), 0.1)
    torch.testing.assert_close(by_positives(x, three, sample), total(x, three, sample))
    cells, flags = batch("multilabel")
    multi = LossModule("focal", "multilabel", reduction="positives")(cells, flags)
    summed = LossModule("focal", "multilabel", reduction="sum")(cells, flags)
    torch.testing.assert_close(multi, summed / flags.sum())


@pytest.mark.parametrize("ignore", [-100, 255])
@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("reduction", ["mean", "weights"])
@pytest.mark.parametrize("bad", [1e4, math.nan])
def test_ignored_items_do_not_count(ignore, task, reduction, bad):
    scores, target = batch(task)
    target = target.clone()
    target[3:] = ignore
    weight = [1.0, 2.0] if task == "binary" else [1.0, 2.0, 3.0]
    module = LossModule(
        "focal", task, ignore_index=ignore, reduction=reduction, class_weight=weight
    )
    kept = module(scores[:3], target[:3])
    scores = scores.clone()
    scores[3:] = bad
    scores.requires_grad_()
    value = module(scores, target)
    torch.testing.assert_close(value, kept)
    (gradient,) = torch.autograd.grad(value, scores)
    assert gradient[3:].abs().sum() == 0
    assert torch.isfinite(gradient).all()


def test_soft_targets_are_mixtures():
    focal = LossModule("focal", "binary")
    x = torch.tensor([1.0], dtype=torch.float64)
    assert focal(x, torch.tensor([0.3])).item() == pytest.approx(0.4981052, rel=1e-6)
    ends = [focal(x, torch.tensor([t])).item() for t in (0.0, 1.0)]
    for t in (0.25, 0.5):
        expected = (1 - t) * ends[0] + t * ends[1]
        assert focal(x, torch.tensor([t])).item() == pytest.approx(expected, rel=1e-12)
    scores, target = batch("multiclass")
    module = LossModule("focal", "multiclass", alpha=[1.0, 2.0, 3.0])
    one_hot = F.one_hot(target, 3).double()
    torch.testing.assert_close(module(scores, one_hot), module(scores, target))
    share = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64).expand(8, 3)
    parts = [module(scores, torch.full((8,), k)) for k in range(3)]
    torch.testing.assert_close(
        module(scores, share), 0.2 * parts[0] + 0.3 * parts[1] + 0.5 * parts[2]
    )


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_label_smoothing_is_a_soft_target(gamma):
    scores, target = batch("multiclass")
    smoothed = LossModule("focal", "multiclass", gamma=gamma, label_smoothing=0.1)(scores, target)
    soft = 0.9 * F.one_hot(target, 3).double() + 0.1 / 3
    plain = LossModule("focal", "multiclass", gamma=gamma)
    torch.testing.assert_close(smoothed, plain(scores, soft))
    if gamma == 0:
        theirs = F.cross_entropy(scores, target, label_smoothing=0.1)
        torch.testing.assert_close(smoothed, theirs)


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.9])
def test_thresholds_hit_the_easy_rows(threshold):
    hard = get_loss("hard_truncated", threshold=threshold)
    logit = math.log(threshold / (1 - threshold))
    below, above = hard.value(np.array([logit - 1e-6, logit + 1e-6]))
    assert below == pytest.approx(-math.log(threshold), abs=1e-5)
    assert above == 0
    margins = np.array([m for m in np.linspace(-4, 4, 81)])
    away = np.abs(1 / (1 + np.exp(-margins)) - threshold) > 0.05
    sharp = get_loss("soft_truncated", threshold=threshold, sharpness=2000.0)
    np.testing.assert_allclose(sharp.value(margins)[away], hard.value(margins)[away], atol=1e-6)


@pytest.mark.parametrize("name", POINTWISE)
def test_softmax_is_softmax(name):
    if "multiclass" not in get_loss_class(name).tasks:
        with pytest.raises(ValueError, match="multiclass"):
            LossModule(name, "multiclass")
        return
    scores, target = batch("multiclass")
    scores.requires_grad_()
    module = make(name, "multiclass", reduction="none")
    value = module(scores, target)
    (gradient,) = torch.autograd.grad(value.sum(), scores)
    assert gradient.sum(dim=1).abs().max() < 1e-12
    shift = torch.randn(8, 1, generator=generator(5), dtype=torch.float64)
    torch.testing.assert_close(module(scores + shift, target), value, rtol=1e-9, atol=1e-12)


def test_labels_of_the_wrong_shape():
    with pytest.raises(ValueError):
        LossModule("focal", "multilabel")(torch.zeros(8, 3), torch.zeros(8).long())
    scores, target = batch("multiclass")
    rest = LossModule("focal", "multilabel")(scores, F.one_hot(target, 3))
    assert abs(rest - LossModule("focal", "multiclass")(scores, target)) > 1e-3


def test_the_constructor_is_keyword_only():
    for function in (LossModule, *map(get_loss_class, list_losses())):
        positional = [
            p
            for p in inspect.signature(function).parameters.values()
            if p.kind is p.POSITIONAL_OR_KEYWORD
        ]
        assert len(positional) <= 2
    with pytest.raises(TypeError):
        get_loss_class("focal")(0.25, 2.0)
