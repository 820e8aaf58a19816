"""Large batches of softmax scores in every layout of memory: the blocks are those of small ones."""

import pytest
import torch
from torch.nn import functional as F

from skfocal.nn import LossModule, _function

SHAPES = {
    "rows": (600, 5),
    "images": (3, 5, 12, 14),
    "sequences": (4, 5, 150),
    "few items a sample": (300, 5, 2),
    "channels last": (3, 5, 12, 14),
    "classes between": (3, 5, 12, 14),
}


@pytest.mark.slow
@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("layout", SHAPES)
def test_blocks_of_any_layout_are_the_whole(layout, ignored, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    shape = SHAPES[layout]
    scores = torch.randn(shape, generator=generator, dtype=torch.float64)
    if layout == "channels last":
        scores = scores.to(memory_format=torch.channels_last)
    target = torch.randint(5, (shape[0], *shape[2:]), generator=generator)
    if ignored:
        target[torch.rand(target.shape, generator=generator) < 0.2] = -100
    class_dim = 1
    if layout == "classes between":
        scores, class_dim = scores.movedim(1, 2).contiguous(), 2
    criterion = LossModule("focal", "multiclass", gamma=2.0, reduction="none", class_dim=class_dim)

    def value_and_gradient():
        leaf = scores.clone().requires_grad_()
        value = criterion(leaf, target)
        value.square().sum().backward()
        return value.detach(), leaf.grad

    whole = value_and_gradient()
    monkeypatch.setattr(_function, "_CPU_BLOCK", 5 * 37)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    for found, expected in zip(value_and_gradient(), whole, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
    cross_entropy = LossModule("cross_entropy", "multiclass", reduction="none", class_dim=class_dim)
    torch.testing.assert_close(
        cross_entropy(scores, target),
        F.cross_entropy(scores.movedim(class_dim, 1), target, reduction="none"),
    )


@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_cells_of_any_layout_are_the_whole(task, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn((3, 4, 12, 14), generator=generator, dtype=torch.float64)
    target = torch.randint(2, scores.shape, generator=generator)
    if task == "binary":
        scores, target = scores.transpose(1, 3), target.transpose(1, 3)
    weight = [1.0, 2.0] if task == "binary" else torch.rand(2, 4, generator=generator)
    criterion = LossModule("focal", task, class_weight=weight, reduction="none")

    def value_and_gradient():
        leaf = scores.clone().requires_grad_()
        value = criterion(leaf, target)
        value.square().sum().backward()
        return value.detach(), leaf.grad

    whole = value_and_gradient()
    monkeypatch.setattr(_function, "_CPU_BLOCK", 4 * 37)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    for found, expected in zip(value_and_gradient(), whole, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
