"""Losses as arms: each registered one has two, and one of a user's own needs no line anywhere."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skfocal.benchmark import focal_arm, list_methods, run
from skfocal.benchmark._numeric import make_numeric
from skfocal.benchmark.methods import get_method
from skfocal.losses import FocalLoss, MarginLoss, PolyLoss, Traits, get_loss, list_losses
from skfocal.losses import _registry as registry
from skfocal.losses._math import logistic_terms
from tests.benchmark.arms import SMALL, make_info
from tests.benchmark.toys import make_multiclass, make_toy

OWN = [name for name in list_losses() if name not in ("focal", "cross_entropy")]
LINEAR = [name for name in OWN if not get_loss(name).weighs_batch]


class CubicLoss(MarginLoss):
    """Cube of the probability of being wrong."""

    name = "cubic"
    tasks = frozenset({"binary"})

    def __init__(self, power=3.0):
        self.power = power

    @property
    def traits(self):
        return Traits(convex=False, proper=False, invertible=False)

    def evaluate(self, margin, order=2, target=None):
        p, q, *_ = logistic_terms(margin)
        k = self.power
        value, first = q**k, -k * p * q**k
        return (value, first, k * p * q**k * (k * p - q))[: order + 1]

    @classmethod
    def search_space(cls):
        return {"power": [2.0, 3.0, 4.0]}


def test_every_loss_has_arms():
    names = list_methods()
    assert {f"{name}_linear" for name in LINEAR} | {f"{name}_mlp" for name in OWN} <= set(names)
    assert len(names) == len(set(names))
    assert "ghm_linear" not in names  # it weighs each row by its batch
    labels = [get_method(name).label for name in names]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("model", ["linear", "network"])
@pytest.mark.parametrize("name", LINEAR)
def test_an_arm_begins_with_the_loss_as_it_is_and_spreads_over_its_search_space(name, model):
    arm, space = focal_arm(name, model), get_loss(name).search_space()
    first = arm.configurations[0]
    assert not set(first) & set(space)
    assert len(arm.configurations) == 8
    for configuration in arm.configurations:
        assert all(configuration[key] in space[key] for key in space.keys() & configuration)
    assert any(space.keys() & set(configuration) for configuration in arm.configurations)
    assert pickle.loads(pickle.dumps(arm)).configurations == arm.configurations
    assert get_method(arm.zero_point).kind == arm.kind == "focal"


@pytest.mark.parametrize("name", LINEAR)
def test_linear_arms_learn(name):
    arm = focal_arm(name)
    for make in (make_toy, make_multiclass):
        table = make_numeric(make())
        if table.task not in arm.tasks:
            continue
        model = arm.build(make_info(table), **arm.configurations[2]).fit(table.X, table.y)
        fitted = model[-1].loss_
        assert fitted.name == name
        own = {k: v for k, v in arm.configurations[2].items() if k != "C"}
        assert own.items() <= fitted.get_params().items()
        assert (model.predict(table.X) == table.y).mean() > 0.6


@pytest.mark.slow
@pytest.mark.parametrize("name", OWN)
def test_network_arms_learn(name):
    arm, table = focal_arm(name, "network"), make_numeric(make_toy())
    model = arm.build(make_info(table), **arm.configurations[1] | SMALL).fit(table.X, table.y)
    risk = model.predict_proba(table.X)[:, 1]
    assert risk[table.y == 1].mean() > risk[table.y == 0].mean()


def test_a_registered_loss_of_a_user_is_an_arm(monkeypatch):
    assert "cubic_linear" not in list_methods()
    monkeypatch.setitem(registry._LOSSES, "cubic", CubicLoss)
    assert {"cubic_linear", "cubic_mlp"} <= set(list_methods("binary"))
    assert "cubic_linear" not in list_methods("multiclass")
    results = run("tiny", datasets=["wine"], methods=["dummy", "cubic_linear"])
    assert (results["status"] == "ok").all()
    assert '"C"' in results["best_parameters"].iloc[-1]


@pytest.mark.parametrize("loss", [CubicLoss, CubicLoss(4.0)])
def test_a_loss_need_not_be_registered(loss):
    arm = focal_arm(loss, name="mine", label="Mine")
    assert (arm.name, arm.label, arm.tasks) == ("mine", "Mine", ("binary",))
    powers = [configuration.get("power") for configuration in arm.configurations]
    others = [2.0, 3.0, 4.0]
    others.remove(4.0 if isinstance(loss, CubicLoss) else 3.0)
    assert powers == [None, None, *np.repeat(others, 2)]


def test_a_focal_arm_of_its_own_minimises_the_same_as_the_named_one():
    table = make_numeric(make_toy())
    models = [
        focal_arm(FocalLoss(gamma=1.0)).build(make_info(table), C=10.0),
        get_method("focal").build(make_info(table), C=10.0, gamma=1.0),
    ]
    first, second = (model.fit(table.X, table.y).predict_proba(table.X) for model in models)
    assert_allclose(first, second, atol=1e-6)


def test_what_is_no_arm():
    with pytest.raises(
        ValueError, match=r"model must be one of \['linear', 'network'\]; got 'tree'"
    ):
        focal_arm("poly", "tree")
    with pytest.raises(ValueError, match="weighs batches; use model='network'"):
        focal_arm("ghm")
    with pytest.raises(ValueError, match="Unknown loss 'polly'"):
        focal_arm("polly")
    assert focal_arm(PolyLoss).name == "poly_linear"
