"""The gradient-harmonised loss and its memory in LossModule."""

import copy

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from skfocal.losses import GHMLoss
from skfocal.nn import LossModule


def weights_of(margins, sample_weight=None, **parameters):
    return GHMLoss(**parameters).batch_weight(margins, sample_weight)


def logit(p):
    return torch.logit(torch.tensor(p, dtype=torch.float64))


def random_batch(n=200, seed=0, scale=2.0):
    generator = torch.Generator().manual_seed(seed)
    scores = scale * torch.randn(n, generator=generator, dtype=torch.float64)
    return scores, torch.randint(0, 2, (n,), generator=generator)


@pytest.mark.parametrize("momentum", [0.5, 0.75, 0.9])
def test_the_first_batch_seeds_the_average(momentum):
    scores, target = random_batch()
    plain = LossModule("ghm", "binary")(scores, target)
    first = LossModule("ghm", "binary", momentum=momentum)(scores, target)
    assert first.item() == pytest.approx(plain.item(), rel=1e-6)


def test_all_bins_decay():
    module = LossModule("ghm", "binary", momentum=0.75)
    target = torch.zeros(100).long()
    easy, hard = logit([0.05] * 100), logit([0.95] * 100)
    module(hard, target)
    module(easy, target)
    for k in range(2, 6):
        module(easy, target)
        share = next(b for b in module.buffers() if b.numel() == 10)
        assert share[9].item() == pytest.approx(0.75**k, rel=1e-6)
        assert share.sum().item() == pytest.approx(1.0, rel=1e-6)


def test_a_steady_distribution_tends_to_the_plain_loss():
    scores, target = random_batch()
    module = LossModule("ghm", "binary", momentum=0.75)
    module(*random_batch(seed=1, scale=5.0))
    for _ in range(50):
        value = module(scores, target)
    assert value.item() == pytest.approx(
        LossModule("ghm", "binary")(scores, target).item(), abs=1e-3
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("target", [[1, 1, 0], [0, 0, 1]])
def test_both_ends_lie_in_a_bin(dtype, target):
    scores = torch.tensor([-1e3, 0.0, 1e3], dtype=dtype)
    sign = 2 * torch.tensor(target) - 1
    weight = weights_of((scores * sign).float())
    assert torch.isfinite(weight).all() and (weight > 0).all()
    assert weight.sum().item() == pytest.approx(3.0)
    assert torch.isfinite(LossModule("ghm", "binary")(scores, torch.tensor(target)))


def test_weight_is_by_non_empty_bins():
    scores = logit([0.05] * 8 + [0.55, 0.95])
    target = torch.zeros(10).long()
    weight = weights_of(-scores)
    np.testing.assert_allclose(weight[:8], 0.4166667, rtol=1e-6)
    np.testing.assert_allclose(weight[8:], 3.3333333, rtol=1e-6)
    assert LossModule("ghm", "binary")(scores, target).item() == pytest.approx(1.2818444, rel=1e-6)
    one = LossModule("ghm", "binary", bins=1)(scores, target)
    plain = LossModule("cross_entropy", "binary")(scores, target)
    assert one.item() == pytest.approx(plain.item(), rel=1e-12)
    np.testing.assert_allclose(weights_of(logit([0.95] * 7)), 1.0)


def test_weights_are_constants_to_autograd():
    scores, target = random_batch()
    scores.requires_grad_()
    margins = torch.where(target > 0, scores, -scores).detach()
    total = LossModule("ghm", "binary", reduction="sum")(scores, target)
    (gradient,) = torch.autograd.grad(total, scores)
    expected = weights_of(margins) * (torch.sigmoid(scores.detach()) - target)
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-15)


def test_forward_does_not_wait_for_the_device(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("waits for the device")

    scores, target = random_batch()
    module = LossModule("ghm", "binary", momentum=0.5)
    # On the CPU the module looks at the targets; GHM itself must not.
    loss = module.loss
    for name in ("item", "tolist", "cpu", "numpy"):
        monkeypatch.setattr(torch.Tensor, name, refuse)
    margins = torch.where(target > 0, scores, -scores)
    histogram = loss.histogram(margins)
    loss.weight_by_density(histogram, module.density(histogram.share, 0.5))


def test_many_bins_take_no_more_operations_than_few():
    class Count(TorchFunctionMode):
        calls = 0

        def __torch_function__(self, function, types, args=(), kwargs=None):
            self.calls += 1
            return function(*args, **(kwargs or {}))

    scores, _ = random_batch()
    calls = []
    for bins in (10, 1000):
        with Count() as count:
            GHMLoss(bins=bins).batch_weight(scores)
        calls.append(count.calls)
    # A pass per bin would take a hundred times as many.
    assert calls[0] == calls[1] > 0


def test_small_batches_and_order():
    assert weights_of(torch.zeros(1)).tolist() == [1.0]
    scores = torch.zeros(1, requires_grad=True)
    value = LossModule("ghm", "binary")(scores, torch.tensor([1]))
    assert torch.isfinite(torch.autograd.grad(value, scores)[0]).all()
    margins, _ = random_batch()
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(weights_of(margins)[order], weights_of(margins[order]))


def test_memory_moves_is_saved_and_is_frozen_in_eval():
    module = LossModule("ghm", "binary", momentum=0.5)
    module(*random_batch())
    moved = copy.deepcopy(module).to("meta")
    assert {buffer.device.type for buffer in moved.buffers()} == {"meta"}
    twin = LossModule("ghm", "binary", momentum=0.5)
    twin.load_state_dict(module.state_dict())
    scores, target = random_batch(seed=2)
    assert twin(scores, target).item() == module(scores, target).item()
    module.eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module(scores, target)
    for name, value in module.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_the_histogram_is_joint_over_labels():
    scores, target = random_batch(n=60)
    joint = LossModule("ghm", "multilabel", reduction="none")(
        scores.reshape(20, 3), target.reshape(20, 3)
    )
    flat = LossModule("ghm", "binary", reduction="none")(scores, target)
    torch.testing.assert_close(joint.reshape(-1), flat)
    column = LossModule("ghm", "binary", reduction="none")(scores[::3], target[::3])
    assert not torch.allclose(joint[:, 0], column)


def test_sample_weights_count_as_repetitions():
    scores, target = random_batch(n=30)
    weight = torch.arange(30) % 3 + 1
    module = LossModule("ghm", "binary")
    repeated = module(scores.repeat_interleave(weight), target.repeat_interleave(weight))
    weighted = module(scores, target, weight.double())
    torch.testing.assert_close(weighted, repeated)


def test_numpy_and_torch_agree():
    margins, _ = random_batch()
    np.testing.assert_allclose(weights_of(margins.numpy()), weights_of(margins).numpy(), rtol=1e-12)
