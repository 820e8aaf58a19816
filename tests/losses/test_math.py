"""The arithmetic that the losses share: full relative precision at any margin."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skfocal.losses._math import (
    array_namespace,
    as_float_array,
    cross_entropy,
    like,
    logistic_terms,
    p_log_p,
)

TINY = np.finfo(np.float64).smallest_normal


@pytest.mark.slow
@given(st.floats(-800, 800))
def test_logistic_terms_to_the_last_places(margin):
    got = logistic_terms(np.array(margin))
    with mpmath.workdps(50 + int(abs(margin))):
        m = mpmath.mpf(margin)
        p, q = 1 / (1 + mpmath.exp(-m)), 1 / (1 + mpmath.exp(m))
        exact = [float(each) for each in (p, q, mpmath.log(p), mpmath.log(q))]
    np.testing.assert_allclose([float(each) for each in got], exact, rtol=1e-14, atol=TINY)
    np.testing.assert_allclose(p_log_p(got), exact[0] * exact[2], rtol=1e-14, atol=TINY)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_logistic_terms_keep_dtype_and_meet_their_limits(dtype):
    margin = np.array([-np.inf, np.finfo(dtype).min, 0, np.finfo(dtype).max, np.inf], dtype=dtype)
    terms = logistic_terms(margin)
    assert {each.dtype for each in (*terms, p_log_p(terms))} == {np.dtype(dtype)}
    np.testing.assert_array_equal(terms.p, [0, 0, 0.5, 1, 1])
    np.testing.assert_array_equal(terms.q, [1, 1, 0.5, 0, 0])
    half = np.log(dtype(0.5))
    np.testing.assert_array_equal(terms.log_p, [-np.inf, margin[1], half, 0, 0])
    np.testing.assert_array_equal(terms.log_q, [0, 0, half, -margin[3], -np.inf])
    np.testing.assert_array_equal(p_log_p(terms), [0, 0, 0.5 * half, 0, 0])


def test_nan_passes_through():
    terms = logistic_terms(np.array([np.nan, 1.0]))
    for each in (*terms, p_log_p(terms), *cross_entropy(terms, 2)):
        np.testing.assert_array_equal(np.isnan(each), [True, False])


@pytest.mark.parametrize("order", [0, 1, 2])
def test_cross_entropy_has_one_result_more_than_its_order(order):
    assert len(cross_entropy(logistic_terms(np.zeros(2)), order)) == order + 1


@pytest.mark.parametrize("values", [[1, 2], (True, False), np.array([1, 2], np.int8), 3, [1.5]])
def test_numbers_become_float64(values):
    got = as_float_array(values)
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, values)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_arrays_are_not_copied(dtype):
    values = np.ones(3, dtype=dtype)
    assert as_float_array(values) is values


def test_like_keeps_the_dtype_of_the_margin():
    single = np.ones(2, dtype=np.float32)
    for number in (2, 2.0, np.float64(2), np.array(2.0), np.int8(2)):
        assert type(like(number, single)) is float
        assert (like(number, single) * single).dtype == np.float32
    vector = like([1.0, 2.0], single)
    assert vector.dtype == np.float32
    np.testing.assert_array_equal(vector, [1, 2])


def test_tensors():
    torch = pytest.importorskip("torch")
    assert array_namespace(torch.ones(2)) is torch
    assert array_namespace([1.0]) is np
    assert as_float_array(torch.tensor([1, 2])).dtype == torch.float64
    half = torch.ones(2, dtype=torch.bfloat16)
    assert as_float_array(half) is half
    assert type(like(torch.tensor(2.0), half)) is float
    assert like([1.0, 2.0], half).dtype == torch.bfloat16
    margin = torch.tensor([-1e300, -3.0, 0.0, 3.0, 1e300], dtype=torch.float64)
    for tensor, array in zip(logistic_terms(margin), logistic_terms(margin.numpy()), strict=True):
        np.testing.assert_allclose(tensor.numpy(), array, rtol=1e-14)
