"""What every registered loss must satisfy, at each of its corner cases; nothing by name here."""

import inspect
from functools import cache
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy.special import log_expit

import skfocal.losses
from skfocal.losses import MarginLoss, check_loss, get_loss, list_losses
from skfocal.losses._registry import get_loss_class
from skfocal.margins import (
    binary_gradient,
    binary_margin,
    multiclass_curvature_blocks,
    multiclass_gradient,
    multiclass_margin,
    transform_scores,
)
from skfocal.posterior import (
    best_constant_score,
    log_odds,
    probabilities_from_log_odds,
    scores_from_probabilities,
)
from tests import oracles

COUNTS = np.array(oracles.CLASS_COUNTS)

CASES = [
    pytest.param(name, loss, id=f"{name}-{','.join(map(str, loss.get_params().values()))}")
    for name in list_losses()
    for loss in get_loss_class(name).corner_cases()
]
MULTICLASS = [case for case in CASES if "multiclass" in case.values[1].tasks]
INVERTIBLE = [case for case in CASES if case.values[1].traits.invertible]

# Where float32 and float64 underflow (88 to 104, 709 to 746), where p rounds to 1 (17, 37), and
# ordinary numbers; float32 has them all, so that both types share their references.
SIZES = np.array([746, 700, 300, 104, 89, 88, 50, 37, 17, 9.375, 5, 2.8125, 1.6875, 1, 0.3125])
MARGINS = np.concatenate([-SIZES, [-(2.0**-10), 0.0, 2.0**-10], SIZES[::-1]])
# Off the round numbers, where thresholds and their kinks lie, and where differences are cheap.
SMOOTH_MARGINS = MARGINS[np.abs(MARGINS) <= 104][::2] + 0.0137

RTOL = {np.float32: 3e-5, np.float64: 1e-12}


def targets(loss: MarginLoss) -> range:
    if loss.traits.symmetric:
        return range(1)
    return range(len(COUNTS) if "multiclass" in loss.tasks else 2)


@cache
def exact_values(name, target, params):
    return [oracles.value(name, m, target, **dict(params)) for m in MARGINS.tolist()]


def assert_close(got, exact, margins, *, rtol=None, scale=None):
    """Compare with mpmath numbers, relatively; below the smallest normal number absolutely."""
    dtype = got.dtype.type
    rtol = RTOL[dtype] if rtol is None else rtol
    scale = exact if scale is None else scale
    floor = float(np.finfo(dtype).smallest_normal)
    for g, e, s, m in zip(got.tolist(), exact, scale, margins.tolist(), strict=True):
        assert abs(g - e) <= rtol * abs(s) + floor, f"margin {m}: got {g}, exact {float(e)}"


# --- the registry ---------------------------------------------------------------------------------


def test_every_loss_has_an_oracle_with_its_parameters():
    for name in list_losses():
        expected = list(inspect.signature(oracles.IN_PROBABILITY[name]).parameters)[2:]
        assert sorted(get_loss(name).get_params()) == sorted(expected), name


def test_every_public_file_registers_a_loss():
    folder = Path(skfocal.losses.__file__).parent
    files = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    registered = {get_loss_class(name).__module__.rpartition(".")[2] for name in list_losses()}
    assert registered == files


@pytest.mark.parametrize("name", list_losses())
def test_loss_is_public_and_named_in_one_place(name):
    loss_class = get_loss_class(name)
    assert loss_class.name == name
    assert loss_class.__name__ in skfocal.losses.__all__
    assert getattr(skfocal.losses, loss_class.__name__) is loss_class


@pytest.mark.parametrize("name", list_losses())
def test_search_space_holds_valid_parameters(name):
    loss = get_loss(name)
    for parameter, values in loss.search_space().items():
        for value in values:
            get_loss(name, **{parameter: value}).validate()
        assert len(values) > 1, parameter


@pytest.mark.parametrize("name", list_losses())
def test_parameters_out_of_range_leave_the_loss_as_it_was(name):
    loss = get_loss(name)
    before = loss.get_params()
    for parameter, value in before.items():
        with pytest.raises((TypeError, ValueError), match=parameter):
            loss.set_params(**{parameter: object()})
        if isinstance(value, float):
            with pytest.raises(ValueError, match=parameter):
                loss.set_params(**{parameter: float("nan")})
    assert loss.get_params() == before


# --- values and derivatives -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("name", "loss"), CASES)
def test_check_loss(name, loss):
    pytest.importorskip("torch")  # so that tensors are checked too
    check_loss(loss)
    check_loss(loss, class_counts=COUNTS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "loss"), CASES)
def test_value_is_the_formula_of_the_paper(name, loss, dtype):
    bound = loss.bind(COUNTS)
    margins = MARGINS.astype(dtype)
    for target in targets(loss):
        got = bound.value(margins, target)
        exact = exact_values(name, target, tuple(loss.get_params().items()))
        assert got.dtype == dtype
        assert np.all(got >= 0)
        assert_close(got, exact, margins)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "loss"), CASES)
def test_derivatives_are_those_of_the_formula(name, loss):
    bound = loss.bind(COUNTS)
    params = loss.get_params()
    for target in targets(loss):
        first, second = (
            [oracles.derivative(name, m, target, order, **params) for m in SMOOTH_MARGINS.tolist()]
            for order in (1, 2)
        )
        # The curvature changes its sign: it is measured by -l' p, which has its size elsewhere.
        size = [
            abs(d2) + abs(d1) * oracles.sigmoid(m)
            for d1, d2, m in zip(first, second, SMOOTH_MARGINS.tolist(), strict=True)
        ]
        assert_close(bound.derivative(SMOOTH_MARGINS, target), first, SMOOTH_MARGINS)
        got = bound.second_derivative(SMOOTH_MARGINS, target)
        assert_close(got, second, SMOOTH_MARGINS, scale=size)


@pytest.mark.parametrize(("name", "loss"), CASES)
def test_derivatives_are_those_of_autograd(name, loss):
    torch = pytest.importorskip("torch")
    bound = loss.bind(COUNTS)
    margin = torch.linspace(-30, 30, 201, dtype=torch.float64) + 0.0137
    margin.requires_grad_()
    for target in targets(loss):
        (first,) = torch.autograd.grad(bound.value(margin, target).sum(), margin, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), margin)
        values = margin.detach().numpy()
        np.testing.assert_allclose(
            bound.derivative(values, target), first.detach(), rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(
            bound.second_derivative(values, target), second, rtol=1e-8, atol=1e-11
        )


@pytest.mark.parametrize(("name", "loss"), [case for case in CASES if case.values[1].weighs_batch])
def test_weights_of_a_batch_are_those_of_the_paper(name, loss):
    margins = np.random.default_rng(0).normal(loc=2, scale=3, size=200)
    exact = oracles.BATCH_WEIGHTS[name](margins.tolist(), **loss.get_params())
    np.testing.assert_allclose(loss.batch_weight(margins), exact, rtol=1e-12)
    folded = loss.batch_weight(margins.reshape(20, 10))
    np.testing.assert_allclose(folded.ravel(), exact, rtol=1e-12)


@pytest.mark.parametrize(("name", "loss"), CASES)
def test_traits_are_not_understated(name, loss):
    # check_loss shows that no trait promises too much.
    bound = loss.bind(COUNTS)
    margins = np.linspace(-30, 30, 12_001) + 1e-4
    if not loss.traits.smooth:
        slopes = [bound.derivative(margins, target) for target in targets(loss)]
        assert np.abs(np.diff(slopes)).max() > 5e-3
    if loss.traits.invertible:
        corrected = log_odds(loss.bind(COUNTS[:2]), margins, "binary", kind="posterior")
        assert loss.traits.proper == np.allclose(corrected, margins, atol=1e-9)
    elif not loss.weighs_batch:
        with np.errstate(all="ignore"):
            slopes = [bound.log_relative_slope(s * margins, k) for s, k in ((-1, 0), (1, 1))]
            log_odds_of_score = margins + slopes[0] - slopes[1]
            log_share = log_expit(margins) - slopes[1]
            rising = [np.all(np.diff(each) > 0) for each in (log_odds_of_score, log_share)]
        assert not all(rising)


# --- softmax scores -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "loss"), MULTICLASS)
def test_two_softmax_scores_are_one_binary_score(name, loss):
    bound = loss.bind(COUNTS[:2])
    x = np.concatenate([-SIZES, [0.0137], SIZES])
    softmax = np.stack([np.zeros_like(x), x], axis=1)
    for target in (0, 1):
        y = np.full(len(x), target)
        binary = binary_margin(transform_scores(bound, x, "binary"), y)
        multi = multiclass_margin(transform_scores(bound, softmax, "multiclass"), y)
        results = [bound.evaluate(m, 2, y) for m in (binary, multi.margin)]
        for one, two in zip(*results, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-11, atol=1e-300)
        _, first, second = results[1]
        gradient = multiclass_gradient(first, multi)
        np.testing.assert_allclose(gradient[:, 1], binary_gradient(results[0][1], y), rtol=1e-11)
        np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)
        blocks = multiclass_curvature_blocks(first, second, multi)
        np.testing.assert_allclose(blocks[:, 1, 1], results[0][2], rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize(("name", "loss"), MULTICLASS)
def test_loss_and_gradient_of_softmax_scores(name, loss):
    bound = loss.bind(COUNTS)
    scores = np.random.default_rng(0).normal(scale=3, size=(6, 3))
    labels = np.array([0, 1, 2, 0, 1, 2])
    margin = multiclass_margin(transform_scores(bound, scores, "multiclass"), labels)
    value, slope = bound.evaluate(margin.margin, 1, labels)
    gradient = bound.score_scale * multiclass_gradient(slope, margin)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)
    params = loss.get_params()
    with mpmath.workdps(oracles.DIGITS):
        for row, label, got, got_gradient in zip(scores, labels, value, gradient, strict=True):
            loss_of = lambda *z, k=label: oracles.softmax_loss(name, z, k, **params)  # noqa: E731
            exact = [float(loss_of(*row.tolist()))]
            exact += [
                float(mpmath.diff(loss_of, tuple(row.tolist()), tuple(unit)))
                for unit in np.eye(3, dtype=int).tolist()
            ]
            np.testing.assert_allclose([got, *got_gradient], exact, rtol=1e-12, atol=1e-13)


# --- the posterior --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("name", "loss"), INVERTIBLE)
def test_binary_posterior_inverts_the_population_minimiser(name, loss):
    bound = loss.bind(COUNTS[:2])
    eta = np.array([1e-4, 0.03, 0.8])
    scores = np.array([oracles.binary_minimiser(name, e, **loss.get_params()) for e in eta])
    for task in ("binary", "multilabel"):
        got = probabilities_from_log_odds(log_odds(bound, scores, task, kind="posterior"), task)
        positive = got[:, 1] if task == "binary" else got
        np.testing.assert_allclose(positive, eta, rtol=1e-8)
        np.testing.assert_allclose(scores_from_probabilities(bound, eta, task), scores, rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "loss"), [c for c in INVERTIBLE if c in MULTICLASS])
def test_multiclass_posterior_inverts_the_population_minimiser(name, loss):
    bound = loss.bind(COUNTS)
    eta, weight = np.array([0.9, 0.08, 0.02]), np.array([0.2, 0.5, 1.5])
    scores = oracles.multiclass_minimiser(name, eta, weight, **loss.get_params())
    corrected = log_odds(bound, scores, "multiclass", kind="posterior", class_weight=weight)
    np.testing.assert_allclose(np.exp(corrected), eta, rtol=1e-8)
    if loss.get_params() == get_loss(name).get_params():  # nested searches: once a loss
        constant = best_constant_score(bound, eta, weight, task="multiclass")
        np.testing.assert_allclose(constant, scores, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("name", "loss"), INVERTIBLE)
def test_corrected_log_odds_at_the_ends(name, loss):
    bound = loss.bind(COUNTS[:2])
    scores = np.concatenate([[-1e4, -1e3], np.linspace(-30, 30, 10_000), [1e3, 1e4]])
    for kind in ("weighted", "posterior"):
        corrected = log_odds(bound, scores, "binary", kind=kind)
        assert np.all(np.isfinite(corrected))
        assert np.all(np.diff(corrected) > 0)
        assert np.all(corrected[:2] < 0)
        assert np.all(corrected[-2:] > 0)
        p = probabilities_from_log_odds(corrected, "binary")
        assert np.all((p >= 0) & (p <= 1))
        assert np.all(np.diff(p[:, 1]) >= 0)


@pytest.mark.parametrize(
    ("name", "loss"), [case for case in CASES if not case.values[1].traits.invertible]
)
def test_posterior_refuses_a_loss_that_cannot_be_inverted(name, loss):
    bound = loss.bind(COUNTS[:2])
    for kind in ("weighted", "posterior"):
        with pytest.raises(ValueError, match=r"cannot be inverted: only kind='raw'"):
            log_odds(bound, [0.0], "binary", kind=kind)
    with pytest.raises(ValueError, match="cannot be inverted"):
        scores_from_probabilities(bound, [0.5], "binary")
