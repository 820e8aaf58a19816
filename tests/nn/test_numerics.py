"""LossModule in single, half and double precision: extreme scores, exact values, known formulas."""

import mpmath
import pytest
import torch
from torch.nn import functional as F

from skfocal.nn import LossModule
from tests.nn.batches import batch, generator
from tests.nn.torch_oracles import (
    mmdetection_ghmc,
    optax_focal,
    timm_asymmetric,
    torchvision_focal,
)


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
