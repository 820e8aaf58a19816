"""LossModule against the faults of peers: numerics, weights, reductions, autograd."""

import copy
import inspect
import math
import pickle
import threading

import mpmath
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from skfocal.losses import get_loss, list_losses
from skfocal.losses._registry import get_loss_class
from skfocal.nn import LossModule
from tests.nn.torch_oracles import (
    mmdetection_ghmc,
    optax_focal,
    softmax_focal,
    timm_asymmetric,
    torchvision_focal,
)

SHAPES = {"binary": (8,), "multilabel": (8, 3), "multiclass": (8, 3)}
POINTWISE = [name for name in list_losses() if not get_loss_class(name).weighs_batch]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def counts_for(task):
    return {"binary": [6.0, 2.0], "multilabel": [[6.0, 5.0, 4.0], [2.0, 3.0, 4.0]]}.get(
        task, [4.0, 3.0, 1.0]
    )


def make(name, task, **options):
    return LossModule(name, task, class_counts=counts_for(task), **options)


def batch(task, dtype=torch.float64, n=8, limit=6.0, seed=0):
    shape = (n, *SHAPES[task][1:])
    scores = (2 * torch.rand(shape, generator=generator(seed), dtype=dtype) - 1) * limit
    high = 3 if task == "multiclass" else 2
    target_shape = (n,) if task == "multiclass" else shape
    return scores, torch.randint(0, high, target_shape, generator=generator(seed + 1))


def combinations(names=POINTWISE):
    return [
        pytest.param(name, task, id=f"{name}-{task}")
        for name in names
        for task in SHAPES
        if task in get_loss_class(name).tasks
    ]


def focal_reference(x, t, gamma):
    """Return value and derivative in x of the focal loss with 50 digits."""
    with mpmath.workdps(50):
        sign = 1 if t else -1
        m, gamma = sign * mpmath.mpf(x), mpmath.mpf(gamma)
        q, u = 1 / (1 + mpmath.exp(m)), -mpmath.log1p(mpmath.exp(-m))
        p = 1 / (1 + mpmath.exp(-m))
        value = -(q**gamma) * u
        slope = sign * (q**gamma * (gamma * p * u - q))
        return float(value), float(slope)


# --- A: numerics ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype, rel", [(torch.float64, 1e-12), (torch.float32, 3e-5)])
@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.99, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("t", [0, 1])
def test_value_and_gradient_everywhere(gamma, t, dtype, rel):
    points = [0.0, *(s * x for x in (17, 30, 50, 88, 89, 104, 1e3, 1e4) for s in (1, -1))]
    x = torch.tensor(points, dtype=dtype, requires_grad=True)
    value = LossModule("focal", "binary", gamma=gamma, reduction="none")(
        x, torch.full((len(points),), t)
    )
    (gradient,) = torch.autograd.grad(value.sum(), x)
    tiny = torch.finfo(dtype).tiny
    for point, got, slope in zip(points, value.tolist(), gradient.tolist(), strict=True):
        expected, expected_slope = focal_reference(point, t, gamma)
        assert got == pytest.approx(expected, rel=rel, abs=tiny)
        assert slope == pytest.approx(expected_slope, rel=rel, abs=tiny)
        assert got >= 0


def test_spot_values():
    focal = LossModule("focal", "binary", gamma=2.0, reduction="none")
    x = torch.tensor([-88.0, -89.0, -1e4])
    assert focal(x, torch.ones(3).long()).tolist() == pytest.approx([88, 89, 1e4])
    half = focal(torch.tensor([-12.0], dtype=torch.float16), torch.tensor([1]))
    assert half.item() == 12
    x = torch.tensor([150.0], requires_grad=True)
    soft = LossModule("focal", "binary", gamma=0.1)(x, torch.tensor([0.9]))
    assert soft.item() == pytest.approx(15.0, rel=1e-5)
    assert torch.isfinite(torch.autograd.grad(soft, x)[0]).all()


def test_softmax_margin_without_subtraction():
    focal = LossModule("focal", "multiclass", gamma=0.5, reduction="none")
    scores = torch.tensor([[0.0, 100.0, 0.0], [100.0, 0.0, 0.0]], requires_grad=True)
    value = focal(scores, torch.tensor([0, 0]))
    assert value[0].item() == pytest.approx(100.0)
    assert torch.isfinite(torch.autograd.grad(value.sum(), scores)[0]).all()
    x = torch.tensor([0.0, 50.0, -50.0, 104.0, -104.0, 1e3, -1e3])
    target = torch.tensor([1, 0, 1, 0, 1, 0, 1])
    pairs = torch.stack([torch.zeros_like(x), x], dim=1)
    binary = LossModule("focal", "binary", gamma=0.5, reduction="none")(x, target)
    torch.testing.assert_close(focal(pairs, target), binary)


def test_a_large_common_offset_changes_nothing():
    scores = torch.randint(-5, 5, (50, 4), generator=generator()).float()
    target = torch.randint(0, 4, (50,), generator=generator(1))
    results = []
    for offset in (0.0, 1e4):
        z = (scores + offset).requires_grad_()
        value = LossModule("focal", "multiclass", reduction="none")(z, target)
        results.append((value, torch.autograd.grad(value.sum(), z)[0]))
    for plain, shifted in zip(*results, strict=True):
        torch.testing.assert_close(plain, shifted, rtol=1e-6, atol=1e-7)
    x = torch.tensor([1e300, -1e300], dtype=torch.float64, requires_grad=True)
    value = LossModule("focal", "binary")(x, torch.tensor([0, 1]))
    assert torch.isfinite(value)
    assert torch.isfinite(torch.autograd.grad(value, x)[0]).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize("t", [0, 1])
def test_half_precision(dtype, gamma, t):
    points = [0.0, *(s * x for x in (9.4, 11.1, 12, 60, 1000) for s in (1, -1))]
    x = torch.tensor(points, dtype=dtype, requires_grad=True)
    module = LossModule("focal", "binary", gamma=gamma, reduction="none")
    target = torch.full((len(points),), t)
    value = module(x, target)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    wide = x.detach().float().requires_grad_()
    expected = module(wide, target)
    (expected_gradient,) = torch.autograd.grad(expected.sum(), wide)
    assert value.dtype == dtype
    assert torch.isfinite(value).all() and torch.isfinite(gradient).all()
    torch.testing.assert_close(value, expected.to(dtype), rtol=0, atol=0)
    torch.testing.assert_close(gradient, expected_gradient.to(dtype), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast(dtype):
    layer = torch.nn.Linear(4, 1)
    X, target = torch.randn(8, 4, generator=generator()), torch.tensor([0, 1] * 4)
    with torch.autocast("cpu", dtype=dtype):
        scores = layer(X)[:, 0]
        loss = LossModule("focal", "binary")(scores, target)
    assert scores.dtype == dtype
    assert loss.dtype == torch.float32
    loss.backward()
    assert torch.isfinite(layer.weight.grad).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_asymmetric_loss_without_epsilon(dtype):
    module = LossModule("asymmetric", "binary", gamma_negative=4.0, shift=0.05, reduction="none")
    rel = 1e-5 if dtype == torch.float32 else 2e-3
    x = torch.tensor([100.0, -3.0, -50.0], dtype=dtype, requires_grad=True)
    value = module(x, torch.zeros(3).long())
    assert value[0].item() == pytest.approx(2.4400427, rel=rel)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    assert value[1:].tolist() == [0, 0]
    assert gradient[1:].tolist() == [0, 0]
    plain = LossModule("asymmetric", "binary", gamma_negative=0.0, shift=0.0)
    assert plain(torch.tensor([100.0], dtype=dtype), torch.tensor([0])).item() == 100


def test_cross_entropy_is_the_frameworks():
    x = torch.linspace(-80, 80, 10_000, dtype=torch.float64)
    for t in (0, 1):
        target = torch.full((10_000,), t)
        ours = LossModule("cross_entropy", "binary", reduction="none")(x, target)
        # logsigmoid, as binary_cross_entropy_with_logits rounds small losses to 0.
        theirs = -F.logsigmoid(x if t else -x)
        torch.testing.assert_close(ours, theirs, rtol=4 * 2.3e-16, atol=0)
    small = LossModule("focal", "binary", gamma=0.0)(torch.tensor([50.0]), torch.tensor([1]))
    assert small.item() == pytest.approx(1.92875e-22, rel=1e-5)


@pytest.mark.parametrize("gamma", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [0.25, 0.75])
def test_popular_versions_where_they_are_right(gamma, alpha):
    x = torch.linspace(-10, 10, 201, dtype=torch.float64)
    target = (torch.arange(201) % 2).double()
    module = LossModule("focal", "binary", gamma=gamma, alpha=alpha, reduction="none")
    for oracle in (torchvision_focal, optax_focal):
        torch.testing.assert_close(
            module(x, target), oracle(x, target, alpha, gamma), rtol=1e-10, atol=1e-300
        )


def test_timm_and_mmdetection():
    x, target = batch("multilabel", n=40)
    module = LossModule(
        "asymmetric", "multilabel", gamma_positive=1.0, gamma_negative=4.0, shift=0.05
    )
    torch.testing.assert_close(module(x, target), timm_asymmetric(x, target.double()).mean())
    ghm = LossModule("ghm", "multilabel", bins=10)
    torch.testing.assert_close(ghm(x, target), mmdetection_ghmc(x, target.double()))


# --- B: alpha and class weights -------------------------------------------------------------------


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


# --- C: reduction, ignored items, soft targets ----------------------------------------------------


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


# --- D: autograd and state ------------------------------------------------------------------------


def test_the_modulator_is_differentiated():
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(LossModule("focal", "binary")(x, torch.tensor([1])), x)
    assert slope.item() == pytest.approx(-0.2982868, rel=1e-6)


@pytest.mark.parametrize("reduction", ["none", "mean", "weights"])
@pytest.mark.parametrize("name, task", combinations())
def test_gradcheck(name, task, reduction):
    scores, target = batch(task, n=5)
    # Probability of the true class away from where the truncated losses jump.
    scores = scores + 0.0137
    scores.requires_grad_()
    module = make(name, task, reduction=reduction)
    sample = torch.rand(5, generator=generator(7), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: module(z, target, sample), scores)
    assert torch.autograd.gradgradcheck(lambda z: module(z, target, sample), scores)


@pytest.mark.parametrize("task", SHAPES)
def test_gradcheck_with_soft_targets_and_weights(task):
    scores, target = batch(task, n=4)
    scores.requires_grad_()
    weight = [1.0, 2.0, 3.0] if task == "multiclass" else 0.3
    module = LossModule("focal", task, alpha=weight, label_smoothing=0.2)
    soft = F.one_hot(target, 3).double() if task == "multiclass" else target * 0.8 + 0.1
    assert torch.autograd.gradcheck(lambda z: module(z, soft), scores)
    assert torch.autograd.gradgradcheck(lambda z: module(z, soft), scores)


@pytest.mark.parametrize("name, task", combinations(list_losses()))
def test_grad_mode_is_left_alone(name, task):
    scores, target = batch(task)
    scores.requires_grad_()
    module = make(name, task)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            assert not module(scores, target).requires_grad
            assert not torch.is_grad_enabled()
    with torch.enable_grad():
        with pytest.raises((TypeError, ValueError)):
            module(scores, "target")
        assert torch.is_grad_enabled()


@pytest.mark.parametrize("name, task", combinations(list_losses()))
def test_nothing_is_kept_or_changed(name, task):
    scores, target = batch(task)
    module = make(name, task, class_weight=None)
    before = {key: id(value) for key, value in vars(module).items()}
    loss, parameters = module.loss, dict(vars(module.loss))
    scores_copy, target_copy = scores.clone(), target.clone()
    first = module(scores, target)
    other_scores, other_target = batch(task, dtype=torch.float32, n=5, seed=9)
    module(other_scores, other_target)
    torch.testing.assert_close(module(scores, target), first, rtol=0, atol=0)
    assert {key: id(value) for key, value in vars(module).items()} == before
    assert module.loss is loss
    assert vars(loss).keys() == parameters.keys()
    torch.testing.assert_close(scores, scores_copy, rtol=0, atol=0)
    torch.testing.assert_close(target, target_copy, rtol=0, atol=0)


def test_threads_share_a_module():
    module = LossModule("focal", "multiclass", alpha=[1.0, 2.0, 3.0])
    batches = [batch("multiclass", n=50, seed=seed) for seed in range(8)]
    serial = [module(*one).item() for one in batches]
    found = [None] * 8

    def work(i):
        found[i] = module(*batches[i]).item()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert found == serial


def test_buffers_move_and_scores_keep_their_type():
    module = LossModule("ghm", "binary", momentum=0.5, alpha=0.25)
    assert all(
        buffer.device.type == "meta" for buffer in copy.deepcopy(module).to("meta").buffers()
    )
    double = copy.deepcopy(module).to(torch.float64)
    assert all(b.dtype == torch.float64 for b in double.buffers() if b.is_floating_point())
    single = LossModule("focal", "multiclass", alpha=torch.tensor([1.0, 2.0, 3.0]))
    scores, target = batch("multiclass")
    assert single(scores, target).dtype == torch.float64


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name, task", combinations(list_losses()))
def test_cuda_agrees_with_the_cpu(name, task):
    scores, target = batch(task, dtype=torch.float32)
    module = make(name, task)
    there = copy.deepcopy(module).cuda()
    torch.testing.assert_close(
        there(scores.cuda(), target.cuda()).cpu(), module(scores, target), rtol=1e-5, atol=0
    )


def test_state_round_trips():
    module = LossModule("focal", "multiclass", alpha=[1.0, 2.0, 3.0], gamma=1.5)
    scores, target = batch("multiclass")
    other = LossModule("focal", "multiclass", alpha=[1.0, 1.0, 1.0], gamma=1.5)
    other.load_state_dict(module.state_dict())
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module)), other):
        torch.testing.assert_close(twin(scores, target), module(scores, target), rtol=0, atol=0)


@pytest.mark.parametrize(
    "name, parameter, values",
    [
        ("focal", "gamma", (1.0, 2.0)),
        ("hard_truncated", "threshold", (0.5, 0.9)),
        ("soft_truncated", "threshold", (0.5, 0.9)),
        ("soft_truncated", "sharpness", (1.0, 5.0)),
        ("soft_truncated", "space", ("logit", "probability")),
        ("asymmetric", "gamma_positive", (0.0, 1.0)),
        ("asymmetric", "gamma_negative", (4.0, 1.0)),
        ("asymmetric", "shift", (0.05, 0.2)),
        ("poly", "epsilon", (1.0, 2.0)),
        ("poly", "gamma", (0.0, 1.0)),
        ("generalized_cross_entropy", "q", (0.7, 0.3)),
        ("ldam", "max_margin", (0.5, 1.0)),
        ("ldam", "scale", (1.0, 2.0)),
        ("logit_adjusted", "tau", (1.0, 0.5)),
        ("ghm", "bins", (10, 5)),
        ("ghm", "momentum", (0.0, 0.9)),
    ],
)
def test_every_parameter_has_an_effect(name, parameter, values):
    results = []
    for value in values:
        module = make(name, "binary", **{parameter: value})
        module(*batch("binary", n=50, seed=3))
        results.append(module(*batch("binary", n=50)).item())
    assert abs(results[0] - results[1]) > 1e-6


def test_the_list_is_complete():
    marks = test_every_parameter_has_an_effect.pytestmark[0].args[1]
    tested = {(name, parameter) for name, parameter, _ in marks}
    existing = {
        (name, parameter)
        for name in list_losses()
        for parameter in inspect.signature(get_loss_class(name)).parameters
    }
    assert tested == existing


def test_ldam_shifts_in_training_only():
    bound = get_loss("ldam").bind(np.array([10_000.0, 16.0]))
    np.testing.assert_allclose(bound.class_margin, [0.1, 0.5], rtol=1e-12)
    scores, target = batch("multiclass")
    zero = LossModule("ldam", "multiclass", max_margin=0.0, class_counts=[4, 3, 1])
    torch.testing.assert_close(zero(scores, target), F.cross_entropy(scores, target))
    with pytest.raises(ValueError, match="class_counts"):
        LossModule("ldam", "multiclass")
    empty = LossModule("ldam", "multiclass", class_counts=[4, 0, 1])
    assert torch.isfinite(empty(scores, target))


def test_logit_adjustment_shifts_in_training():
    module = LossModule("logit_adjusted", "multiclass", class_counts=[9, 1], reduction="none")
    zero = torch.zeros(2, 2, dtype=torch.float64)
    seen = torch.exp(-module(zero, torch.tensor([0, 1])))
    torch.testing.assert_close(seen, torch.tensor([0.9, 0.1], dtype=torch.float64))


@pytest.mark.slow
# Dynamo instantiates autograd functions itself, against its own advice.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize("name, task", combinations(list_losses()))
def test_compiles_without_a_break(name, task):
    scores, target = batch(task)
    scores.requires_grad_()
    module = make(name, task, class_weight=None)
    expected = module(scores, target)
    torch._dynamo.reset()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    value = compiled(scores, target)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(
        torch.autograd.grad(value, scores)[0], torch.autograd.grad(expected, scores)[0]
    )


@pytest.mark.parametrize("reduction", ["sum", "mean", "weights", "positives"])
def test_sums_of_shards_add_up(reduction):
    x, target = batch("binary")
    weight = torch.rand(8, generator=generator(4), dtype=torch.float64)
    module = LossModule("focal", "binary", alpha=0.3, reduction=reduction)
    total = LossModule("focal", "binary", alpha=0.3, reduction="sum")
    parts = [slice(0, 3), slice(3, 8)]
    summed = sum(total(x[part], target[part], weight[part]) for part in parts)
    class_weight = torch.where(target > 0, 0.3, 0.7)
    denominator = {
        "sum": 1.0,
        "mean": weight.sum(),
        "weights": (weight * class_weight).sum(),
        "positives": max(1.0, (weight * (target > 0)).sum()),
    }[reduction]
    torch.testing.assert_close(module(x, target, weight), summed / denominator)


def test_vmap_over_rows():
    scores, target = batch("multiclass")
    module = LossModule("focal", "multiclass", reduction="none")
    each = torch.func.vmap(lambda z, y: module(z[None], y[None])[0])(scores, target)
    torch.testing.assert_close(each, module(scores, target))
    torch.testing.assert_close(each, softmax_focal(scores, target))
