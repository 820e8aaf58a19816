"""Class weights and sample weights in a network, beyond the contract of all estimators."""

import numpy as np
import pytest
from sklearn.base import clone

from tests.neural_network.networks import EXACT, MLP, classes_table, small, table


def test_class_weight_is_a_sample_weight():
    X, y = table(MLP)
    model = small(
        MLP,
        **EXACT,
        optimizer="sgd",
        probabilities="raw",
        # These two know sample weights, and not class weights.
        standardize=False,
        initial_bias=None,
    )
    weight = np.where(y == 1, 3.0, 1.0)
    by_row = clone(model).fit(X, y, weight)
    scale = weight.mean()  # sample weights are relative, class weights are not
    by_class = clone(model).set_params(class_weight={0: 1 / scale, 1: 3 / scale}).fit(X, y)
    np.testing.assert_allclose(by_row.predict_proba(X), by_class.predict_proba(X), atol=1e-6)
    plain = clone(model).fit(X, y).predict_proba(X)
    assert np.abs(by_class.predict_proba(X) - plain).max() > 1e-3


@pytest.mark.parametrize("n_classes", [2, 3])
def test_plain_gradient_steps_see_weights_as_repetitions(n_classes):
    """Adam does not notice the unit of the weights, plain gradient steps do."""
    X, y = classes_table(n_classes)
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    model = small(**EXACT, optimizer="sgd", learning_rate_init=0.05)
    weighted = clone(model).fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5)
