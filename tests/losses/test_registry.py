"""The registry: names to losses, and the messages for those that are not there."""

import numpy as np
import pytest

from skfocal.losses import FocalLoss, MarginLoss, _registry, get_loss, list_losses, register
from skfocal.losses._registry import get_loss_class


@pytest.fixture
def scratch_registry(monkeypatch):
    monkeypatch.setattr(_registry, "_LOSSES", dict(_registry._LOSSES))


def test_names_are_sorted_and_lead_to_their_class():
    names = list_losses()
    assert names == sorted(names)
    assert {"cross_entropy", "focal"} <= set(names)
    for name in names:
        assert get_loss_class(name).name == name
        assert isinstance(get_loss(name), get_loss_class(name))


def test_a_name_takes_parameters_and_an_instance_stays_itself():
    assert get_loss("focal", gamma=0.5).gamma == 0.5
    loss = FocalLoss(gamma=3.0)
    assert get_loss(loss) is loss


def test_an_unknown_name_lists_the_known_and_guesses():
    with pytest.raises(ValueError, match=r"Unknown loss 'focl'.*'cross_entropy'.*mean 'focal'\?"):
        get_loss("focl")
    with pytest.raises(ValueError, match=r"Unknown loss '\?'; the losses are \[") as error:
        get_loss("?")
    assert "Did you mean" not in str(error.value)


@pytest.mark.parametrize("loss", [None, 2.0, FocalLoss, lambda y, z: 0])
def test_neither_name_nor_instance(loss):
    with pytest.raises(TypeError, match=r"one of the names \[.*\] or a MarginLoss instance, got"):
        get_loss(loss)


def test_parameters_are_checked():
    with pytest.raises(ValueError, match=r"\['gamma'\] go with the name of a loss"):
        get_loss(FocalLoss(), gamma=1.0)
    with pytest.raises(ValueError, match="gamma must be"):
        get_loss("focal", gamma=-1.0)
    with pytest.raises(TypeError, match="alpha"):
        get_loss("focal", alpha=0.25)
    loss = FocalLoss()
    loss.gamma = np.nan  # past the constructor
    with pytest.raises(ValueError, match="gamma must be"):
        get_loss(loss)


def test_a_loss_of_a_users_own(scratch_registry):
    @register
    class OwnLoss(FocalLoss):
        name = "own"

    assert isinstance(get_loss("own", gamma=1.0), OwnLoss)
    assert "own" in list_losses()
    assert register(OwnLoss) is OwnLoss  # running a notebook cell again is no conflict
    with pytest.raises(ValueError, match="A loss named 'own' is registered already"):
        register(type("Other", (MarginLoss,), {"name": "own"}))


def test_the_scratch_registry_is_gone():
    assert "own" not in list_losses()
