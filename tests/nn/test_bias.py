"""initial_bias: the prior, and the best constant score by numerical minimisation."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from skfocal.losses import list_losses
from skfocal.losses._registry import get_loss_class
from skfocal.nn import LossModule, initial_bias

BINARY = np.array([0] * 95 + [1] * 5)
THREE = np.array([0] * 80 + [1] * 15 + [2] * 5)
LABELS = np.column_stack([BINARY, np.roll(BINARY, 10), 1 - BINARY])


def test_prior_is_the_frequency():
    assert torch.sigmoid(initial_bias("focal", BINARY)).item() == pytest.approx(0.05, rel=1e-6)
    share = torch.softmax(initial_bias("focal", THREE), dim=0)
    np.testing.assert_allclose(share, [0.8, 0.15, 0.05], rtol=1e-6)
    assert initial_bias("focal", THREE).mean().item() == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(
        torch.sigmoid(initial_bias("focal", LABELS)), [0.05, 0.05, 0.95], rtol=1e-6
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "task, y", [("binary", BINARY), ("multiclass", THREE), ("multilabel", LABELS)]
)
@pytest.mark.parametrize("name", list_losses())
def test_best_is_the_constant_of_least_loss(name, task, y):
    loss_class = get_loss_class(name)
    if task not in loss_class.tasks:
        pytest.skip("not defined for the task")
    counts = np.stack([(1 - y).sum(0), y.sum(0)]) if task != "multiclass" else np.bincount(y)
    weight = [1.0, 2.0, 4.0] if task == "multiclass" else 0.7
    module = LossModule(name, task, alpha=weight, class_counts=counts, reduction="mean").double()
    if not module.loss.traits.invertible:
        with pytest.raises(ValueError, match="invert"):
            initial_bias(module, y, how="best")
        return
    bias = initial_bias(module, y, how="best").double()

    def mean_loss(b):
        shape = (len(y),) if task == "binary" else (len(y), len(b))
        return module(torch.as_tensor(b).expand(shape), torch.as_tensor(y)).item()

    start = np.atleast_1d(bias.numpy())
    least = minimize(
        mean_loss, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-13}
    )
    assert mean_loss(start) <= least.fun + 1e-9
    # And it is not any score: some way off is worse.
    assert mean_loss(start + 3.0 * np.eye(len(start))[0]) > mean_loss(start) + 1e-5


def test_absent_classes_and_weights():
    bias = initial_bias("focal", np.zeros(9, dtype=int), n_classes=3)
    np.testing.assert_allclose(torch.softmax(bias, 0), np.array([9.5, 0.5, 0.5]) / 10.5, rtol=1e-6)
    weighted = initial_bias("focal", BINARY, sample_weight=np.where(BINARY == 1, 19.0, 1.0))
    assert weighted.item() == pytest.approx(0.0, abs=1e-6)


def test_bad_arguments():
    with pytest.raises(ValueError, match="how"):
        initial_bias("focal", BINARY, how="worst")
    with pytest.raises(ValueError, match="y for task"):
        initial_bias("focal", [])
    with pytest.raises(ValueError, match="integers"):
        initial_bias(LossModule("focal", "binary"), [0, 1, 2])
