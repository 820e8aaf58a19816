"""Where members of a network cannot leave out rows, and what is said then."""

import numpy as np
import pytest
import torch

from skfocal.neural_network import MultiLabelFocalClassifier
from tests.neural_network.networks import (
    MULTILABEL,
    both,
    classes_table,
    crossed,
    labels_table,
    small,
    table,
)


def of_two_scores(n_features, n_scores):
    return torch.nn.Linear(n_features, n_scores)


OBSTACLES = {
    "a module of your own": {"module": of_two_scores},
    "n_members=1, and it needs at least 2": {"n_members": 1},
    "warm_start=True, which continues": {"warm_start": True},
    "which weights a row by all others": {"loss": "ghm"},
}


@pytest.mark.filterwarnings("ignore:.*has no inverse")
@pytest.mark.parametrize("obstacle", OBSTACLES)
@both
def test_what_rules_it_out_is_said_and_auto_does_without(cls, obstacle):
    X, y = table(cls)
    settings = OBSTACLES[obstacle]
    with pytest.raises(
        ValueError, match=rf"^{cls.__name__}: cross_fit=True does not go.*{obstacle}"
    ):
        crossed(cls, **settings).fit(X, y)
    auto = crossed(cls, cross_fit="auto", **settings).fit(X, y)
    plain = small(cls, **settings).fit(X, y)
    assert not hasattr(auto, "oof_decision_function_")
    np.testing.assert_array_equal(auto.predict_proba(X), plain.predict_proba(X))


def test_a_class_of_few_rows():
    X, y = classes_table()
    y[:] = 0
    y[5] = 1
    with pytest.raises(ValueError, match="a member would not see every class"):
        crossed().fit(X, y)
    assert not hasattr(crossed(cross_fit="auto").fit(X, y), "oof_decision_function_")
    y[6] = 1
    assert np.all(np.isfinite(crossed(n_members=8).fit(X, y).oof_decision_function_))
    # A label without positives is one that no member sees.
    X, Y = labels_table()
    Y[:, 0] = 0
    Y[3, 0] = 1
    assert np.all(np.isfinite(crossed(MULTILABEL).fit(X, Y).oof_decision_function_))


@both
def test_auto_cross_fits_where_it_can(cls):
    X, y = table(cls)
    np.testing.assert_array_equal(
        crossed(cls, cross_fit="auto").fit(X, y).oof_decision_function_,
        crossed(cls).fit(X, y).oof_decision_function_,
    )


def test_bad_values():
    X, y = classes_table()
    with pytest.raises(ValueError, match="The 'cross_fit' parameter of FocalMLPClassifier must be"):
        crossed(cross_fit="always").fit(X, y)
    with pytest.raises(ValueError, match="groups are for cross-fitting, got cross_fit=False"):
        small().fit(X, y, groups=y)
    with pytest.raises(ValueError, match="groups, so few that a member would not see every class"):
        crossed().fit(X, y, groups=np.zeros(len(X)))
    with pytest.raises(ValueError, match=r"n_members=1, .*; groups need cross-fitting"):
        crossed(cross_fit="auto", n_members=1).fit(X, y, groups=y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        crossed().fit(X, y, groups=[1, 2, 3])
    with pytest.raises(AttributeError) as refused:
        crossed().partial_fit(X, y, classes=[0, 1])
    assert "cross_fit=True needs the whole training set" in str(refused.value.__cause__)
    small(MultiLabelFocalClassifier, cross_fit="auto").partial_fit(*labels_table())
