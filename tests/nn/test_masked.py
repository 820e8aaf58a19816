"""Softmax scores of which some are masked with -inf, as action masks and class masks do."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from skfocal.losses import get_loss, list_losses
from skfocal.nn import LossModule
from skfocal.tasks import get_task

INF = float("inf")
SOFTMAX_LOSSES = [name for name in list_losses() if "multiclass" in get_loss(name).tasks]
# The true class alone is left; one of the others is masked; none is.
SCORES = [[-INF, 0.7, -INF], [-INF, 0.2, 1.3], [0.1, 0.2, 0.3]]
TARGET = [1, 2, 2]


def criterion(name):
    counts = {"class_counts": [5, 3, 2]} if name in ("ldam", "logit_adjusted") else {}
    return LossModule(name, "multiclass", reduction="none", **counts)


def derivatives(name, scores, target):
    """Return value, gradient and the product of the curvature with a vector."""
    scores = scores.clone().requires_grad_()
    value = criterion(name)(scores, target)
    (gradient,) = torch.autograd.grad(value.sum(), scores, create_graph=True)
    vector = torch.linspace(-1, 2, scores.numel(), dtype=scores.dtype).view_as(scores)
    (product,) = torch.autograd.grad((gradient * vector).sum(), scores)
    return value.detach(), gradient.detach(), product


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", SOFTMAX_LOSSES)
def test_a_mask_is_the_limit_of_low_scores(name, dtype, soft):
    masked = torch.tensor(SCORES, dtype=dtype)
    target = torch.tensor(TARGET)
    if soft:
        target = F.one_hot(target, 3).to(dtype)
    for found, limit in zip(
        derivatives(name, masked, target),
        derivatives(name, masked.clip(min=-1e4), target),
        strict=True,
    ):
        torch.testing.assert_close(found, limit)


@pytest.mark.parametrize("name", SOFTMAX_LOSSES)
def test_where_only_the_true_class_is_left_nothing_is_to_learn(name):
    for result in derivatives(name, torch.tensor(SCORES[:1]), torch.tensor(TARGET[:1])):
        assert not result.any()


def test_cross_entropy_is_that_of_torch_also_where_the_true_class_is_masked():
    scores = torch.tensor([*SCORES, [-INF, 0.2, 1.3]], requires_grad=True)
    target = torch.tensor([*TARGET, 0])
    expected = F.cross_entropy(scores, target, reduction="none")
    value = criterion("cross_entropy")(scores, target)
    torch.testing.assert_close(value, expected)
    (wanted,) = torch.autograd.grad(expected[:3].sum(), scores)
    (gradient,) = torch.autograd.grad(value[:3].sum(), scores)
    torch.testing.assert_close(gradient, wanted)


@pytest.mark.parametrize("name", SOFTMAX_LOSSES)
def test_numpy_scores_may_be_masked_too(name):
    loss = get_loss(name)
    if name in ("ldam", "logit_adjusted"):
        loss = loss.bind(np.array([5, 3, 2]))
    found, limit = (
        get_task("multiclass").derivatives(loss, scores, np.array(TARGET), 2)
        for scores in (np.array(SCORES), np.array(SCORES).clip(min=-1e4))
    )
    np.testing.assert_allclose(found.value, limit.value, rtol=1e-12)
    np.testing.assert_allclose(found.gradient, limit.gradient, rtol=1e-12)
    for exact in (False, True):
        np.testing.assert_allclose(
            found.curvature(exact=exact), limit.curvature(exact=exact), rtol=1e-12
        )
