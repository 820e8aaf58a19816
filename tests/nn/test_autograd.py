"""Gradients of LossModule, its state, and torch compiling, sharding or mapping it."""

import copy
import inspect
import pickle
import threading

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from skfocal.losses import get_loss, list_losses
from skfocal.losses._registry import get_loss_class
from skfocal.nn import LossModule
from tests.nn.batches import SHAPES, batch, combinations, generator, make
from tests.nn.torch_oracles import (
    softmax_focal,
)


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
