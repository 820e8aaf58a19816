"""LossModule as a torch module: shapes, messages, blocks, transforms, compilation, import."""

import shutil
import subprocess
import sys

import pytest
import torch
from torch.nn import functional as F

from skfocal.losses import FocalLoss
from skfocal.nn import LossModule
from skfocal.nn import _function as function
from tests.nn.torch_oracles import softmax_focal, torchvision_focal


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def integers(high, *shape, seed=1):
    return torch.randint(0, high, shape, generator=torch.Generator().manual_seed(seed))


def value_and_gradient(module, scores, *arguments):
    scores = scores.clone().requires_grad_()
    value = module(scores, *arguments)
    (gradient,) = torch.autograd.grad(value.sum(), scores)
    return value.detach(), gradient


# --- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (4, 3, 5, 2)])
def test_classes_and_labels_may_lie_anywhere(shape):
    scores = normal(*shape)
    for task, target, moved_target in (
        ("multiclass", integers(3, 4, *shape[2:]), integers(3, 4, *shape[2:])),
        ("multilabel", integers(2, *shape), integers(2, *shape).movedim(1, -1)),
    ):
        weight = {"multiclass": [1.0, 2.0, 3.0], "multilabel": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]}
        first = LossModule("focal", task, class_weight=weight[task], reduction="none")
        last = LossModule("focal", task, class_weight=weight[task], reduction="none", class_dim=-1)
        value, gradient = value_and_gradient(first, scores, target)
        moved, moved_gradient = value_and_gradient(last, scores.movedim(1, -1), moved_target)
        assert value.shape == target.shape
        torch.testing.assert_close(moved if task == "multiclass" else moved.movedim(-1, 1), value)
        torch.testing.assert_close(moved_gradient.movedim(-1, 1), gradient)


def test_images_are_flattened_rows():
    scores, target = normal(2, 4, 3, 5), integers(4, 2, 3, 5)
    module = LossModule("focal", "multiclass", gamma=1.5)
    rows = scores.movedim(1, -1).reshape(-1, 4)
    wanted = softmax_focal(rows, target.reshape(-1), gamma=1.5).mean()
    torch.testing.assert_close(module(scores, target), wanted)


def test_a_single_row_and_a_single_score():
    row = normal(3)
    module = LossModule("cross_entropy", "multiclass")
    torch.testing.assert_close(module(row, torch.tensor(1)), F.cross_entropy(row, torch.tensor(1)))
    score = torch.tensor(1.0)
    assert LossModule("cross_entropy", "binary")(score, torch.tensor(True)).shape == ()


def test_small_integers_do_not_wrap_round_to_ignore_index():
    scores, target = normal(1, 200), torch.tensor([156])  # as uint8 it is -100
    options = {"reduction": "weights", "class_weight": torch.ones(200)}
    module = LossModule("cross_entropy", "multiclass", **options)
    wanted = F.cross_entropy(scores, target)
    torch.testing.assert_close(module(scores, target.to(torch.uint8)), wanted)


def test_an_empty_batch_and_one_that_is_ignored_cost_nothing():
    module = LossModule("focal", "binary")
    assert module(torch.zeros(0), torch.zeros(0)).item() == 0
    value, gradient = value_and_gradient(module, torch.tensor([float("nan")]), torch.tensor([-100]))
    assert value.item() == 0
    assert gradient.item() == 0


@pytest.mark.parametrize("task", ["binary", "multilabel", "multiclass"])
def test_sample_weight_by_row_or_by_item(task):
    shape = {"binary": (6, 1), "multilabel": (6, 2, 3), "multiclass": (6, 4, 3)}[task]
    items = {"multiclass": (6, 3)}.get(task, shape)
    scores, target = normal(*shape), integers(2, *items)
    by_row = torch.arange(1.0, 7.0)
    by_item = by_row.reshape(-1, *[1] * (len(items) - 1)).expand(items)
    module = LossModule("focal", task)
    wanted = (LossModule("focal", task, reduction="none")(scores, target) * by_item).sum()
    for weight in (by_row, by_item):
        torch.testing.assert_close(module(scores, target, weight), wanted / by_item.sum())


def test_a_sample_weight_may_be_learned():
    scores, target = normal(5), integers(2, 5)
    weight = torch.rand(5, dtype=torch.float64, requires_grad=True)
    module = LossModule("focal", "binary", reduction="sum")
    (gradient,) = torch.autograd.grad(module(scores, target, weight), weight)
    torch.testing.assert_close(
        gradient, LossModule("focal", "binary", reduction="none")(scores, target)
    )


# --- agreement ------------------------------------------------------------------------------------


def test_pos_weight_is_torchs():
    scores, target = normal(6, 3), integers(2, 6, 3)
    pos_weight = torch.tensor([1.0, 5.0, 0.5], dtype=torch.float64)
    module = LossModule("cross_entropy", "multilabel", pos_weight=pos_weight)
    wanted = F.binary_cross_entropy_with_logits(scores, target.double(), pos_weight=pos_weight)
    torch.testing.assert_close(module(scores, target), wanted)


@pytest.mark.parametrize("target_dtype", [torch.float64, torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_large_batches_in_blocks(monkeypatch, target_dtype, reduction):
    monkeypatch.setattr(function, "_CPU_BLOCK", 7)
    scores, target = normal(101), integers(2, 101).to(target_dtype)
    module = LossModule("focal", "binary", alpha=0.25, reduction=reduction)
    value, gradient = value_and_gradient(module, scores, target)
    scores.requires_grad_()
    wanted = torchvision_focal(scores, target.double())
    wanted = wanted.mean() if reduction == "mean" else wanted
    torch.testing.assert_close(value, wanted.detach(), rtol=1e-12, atol=0)
    (expected,) = torch.autograd.grad(wanted.sum(), scores)
    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("soft", [False, True])
def test_blocks_of_rows_with_ignored_ones(monkeypatch, soft):
    scores, target = normal(3, 4, 50), integers(4, 3, 50)
    target[1, ::3] = -100
    if soft:
        target = normal(3, 4, 50, seed=2).softmax(1)
    module = LossModule("focal", "multiclass", class_weight=[1.0, 2.0, 3.0, 4.0])
    whole = value_and_gradient(module, scores, target)
    monkeypatch.setattr(function, "_CPU_BLOCK", 9)
    torch.testing.assert_close(value_and_gradient(module, scores, target), whole)


def test_a_block_of_soft_targets_among_hard_ones(monkeypatch):
    monkeypatch.setattr(function, "_CPU_BLOCK", 4)
    scores, target = normal(12), integers(2, 12).double()
    target[5] = 0.3
    module = LossModule("focal", "binary", reduction="none")
    ends = [module(scores, torch.full((12,), t)) for t in (0, 1)]
    torch.testing.assert_close(module(scores, target), (1 - target) * ends[0] + target * ends[1])


def test_double_backward_of_a_penalty_on_the_gradient():
    scores, target = normal(6, 3).requires_grad_(), integers(3, 6)

    def penalty(loss):
        (gradient,) = torch.autograd.grad(loss.sum(), scores, create_graph=True)
        return torch.autograd.grad(gradient.square().sum(), scores)[0]

    ours = penalty(LossModule("focal", "multiclass", reduction="none")(scores, target))
    torch.testing.assert_close(ours, penalty(softmax_focal(scores, target, gamma=2.0)))


# --- transforms and compilation -------------------------------------------------------------------


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_vmap_of_gradients_is_a_loop(task):
    shape = (4, 6) if task == "binary" else (4, 6, 3)
    scores, target = normal(*shape), integers(2, 4, 6)
    target[0, 0] = -100
    module = LossModule("focal", task, class_weight=[1.0] * (2 if task == "binary" else 3))
    mapped = torch.func.vmap(torch.func.grad(module))(scores, target)
    loop = [value_and_gradient(module, s, t)[1] for s, t in zip(scores, target, strict=True)]
    torch.testing.assert_close(mapped, torch.stack(loop))
    values = torch.func.vmap(module, in_dims=(0, None))(scores, target[1])
    torch.testing.assert_close(values, torch.stack([module(s, target[1]) for s in scores]))


def test_second_derivatives_through_functorch():
    scores, target = normal(5), integers(2, 5)
    module = LossModule("focal", "binary", reduction="sum")
    hessian = torch.func.jacrev(torch.func.jacrev(lambda s: module(s, target)))(scores)
    curvature = FocalLoss(2.0).second_derivative(torch.where(target > 0, scores, -scores))
    torch.testing.assert_close(hessian, torch.diag(curvature))


# Dynamo instantiates autograd functions itself, against its own advice.
by_dynamo = pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")


@pytest.mark.slow
@by_dynamo
def test_one_graph_for_all_batch_sizes():
    module = LossModule("focal", "binary", alpha=0.25)
    compiled = torch.compile(module, fullgraph=True, dynamic=True, backend="aot_eager")
    for n in (5, 9, 70):
        arguments = (normal(n, dtype=torch.float32), integers(2, n))
        torch.testing.assert_close(
            value_and_gradient(compiled, *arguments), value_and_gradient(module, *arguments)
        )


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_compiles_with_the_default_compiler():
    # In a process of its own: the compiler imports setuptools, which refuses to work where
    # another package has imported the standard distutils before.
    code = (
        "import torch\n"
        "from skfocal.nn import LossModule\n"
        "module = LossModule('focal', 'binary', alpha=0.25)\n"
        "scores = torch.linspace(-5, 5, 1000).requires_grad_()\n"
        "target = torch.arange(1000) % 2\n"
        "results = []\n"
        "for function in (module, torch.compile(module, fullgraph=True)):\n"
        "    value = function(scores, target)\n"
        "    results.append((value.detach(), torch.autograd.grad(value, scores)[0]))\n"
        "torch.testing.assert_close(*results)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)


# --- messages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LossModule("focal", "softmax"), ValueError, r"task must be one of \['binary'"),
        (lambda: LossModule("focl", "binary"), ValueError, "Did you mean 'focal'"),
        (lambda: LossModule("asymmetric", "multiclass"), ValueError, "not defined for task="),
        (lambda: LossModule("focal", "binary", gamma=-1), ValueError, "gamma must be finite"),
        (lambda: LossModule(FocalLoss(), "binary", gamma=1), ValueError, "is an instance"),
        (lambda: LossModule("ldam", "binary"), ValueError, "class_counts is needed here"),
        (
            lambda: LossModule("focal", "binary", reduction="avg"),
            ValueError,
            r"reduction must be one of \['none', 'mean', .* 'weights'\], got 'avg'",
        ),
        (
            lambda: LossModule("focal", "multiclass", reduction="positives"),
            ValueError,
            "needs a positive class",
        ),
        (
            lambda: LossModule("focal", "binary", label_smoothing=1.0),
            ValueError,
            r"label_smoothing must be in \[0, 1\), got 1.0",
        ),
        (lambda: LossModule("focal", "binary", ignore_index=None), TypeError, "ignore_index must"),
        (lambda: LossModule("focal", "binary", alpha="balanced"), TypeError, "balanced_weights"),
        (
            lambda: LossModule("focal", "multiclass", alpha=0.25, class_counts=[3, 2, 1]),
            ValueError,
            "but there are 3 classes: give a vector of 3 class weights",
        ),
        (
            lambda: LossModule("focal", "multiclass", pos_weight=2.0),
            ValueError,
            "pos_weight needs a positive class",
        ),
        (
            lambda: LossModule("focal", "multiclass", alpha=[1, 2, 3], class_weight=[1, 2]),
            ValueError,
            "for the same classes, got weights for 2 and for 3",
        ),
    ],
)
def test_bad_settings_are_refused_at_construction(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("task", "scores", "target", "error", "message"),
    [
        ("binary", torch.zeros(2), [0, 1], TypeError, "target must be a tensor"),
        ("binary", torch.zeros(2).long(), torch.zeros(2), TypeError, "floating-point tensor"),
        ("binary", torch.zeros(2), torch.zeros(3), ValueError, r"got \(2,\) and \(3,\)"),
        ("binary", torch.zeros(2), torch.tensor([0, 2]), ValueError, r"in \[0, 1\].*got 2"),
        ("binary", torch.zeros(2), torch.tensor([-1.0, 1.0]), ValueError, "got -1"),
        ("binary", torch.zeros(1), torch.tensor([float("nan")]), ValueError, "got nan"),
        ("binary", torch.zeros(1), torch.zeros(1, requires_grad=True), ValueError, "detach"),
        ("multiclass", torch.zeros(2, 3), torch.tensor([0, 3]), ValueError, r"in \[0, 2\].*got 3"),
        ("multiclass", torch.zeros(2, 3), torch.zeros(3).long(), ValueError, r"of shape \(2,\)"),
        ("multiclass", torch.zeros(2, 3), torch.zeros(2), ValueError, r"of shape \(2, 3\)"),
        ("multiclass", torch.zeros(2, 1), torch.zeros(2).long(), ValueError, "at least 2 scores"),
        ("multiclass", torch.zeros(2, 3), torch.zeros(2).bool(), TypeError, "class indices"),
    ],
)
def test_bad_batches_are_refused(task, scores, target, error, message):
    with pytest.raises(error, match=message):
        LossModule("focal", task)(scores, target)


def test_class_dim_and_sample_weight_are_checked():
    with pytest.raises(ValueError, match="class_dim=2 is not a dimension"):
        LossModule("focal", "multiclass", class_dim=2)(torch.zeros(2, 3), torch.zeros(2).long())
    with pytest.raises(ValueError, match=r"of shape \(4,\).*got \(1, 4\)"):
        LossModule("focal", "binary")(torch.zeros(4), torch.zeros(4), torch.ones(1, 4))
    with pytest.raises(TypeError, match="sample_weight must be a tensor"):
        LossModule("focal", "binary")(torch.zeros(4), torch.zeros(4), [1, 1, 1, 1])


def test_repr_says_what_it_is():
    module = LossModule("focal", "binary", alpha=0.25, gamma=1.0)
    assert repr(module) == (
        "LossModule(FocalLoss(gamma=1.0), task='binary', reduction='mean', "
        "class_weight=[0.75, 0.25])"
    )


@pytest.mark.slow
def test_without_torch_the_first_use_says_how_to_get_it():
    code = (
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch':\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
        "import skfocal.nn\n"
        "skfocal.nn.LossModule"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        "MissingExtraError: skfocal.nn.LossModule needs torch: pip install 'skfocal[neural]'"
        in done.stderr
    )
