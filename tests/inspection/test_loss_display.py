"""LossDisplay: the curves are the losses, drawn where asked."""

import matplotlib
import numpy as np
import pytest
from scipy.special import logit

from skfocal.inspection import LossDisplay
from skfocal.losses import AsymmetricLoss, FocalLoss

matplotlib.use("Agg")
from matplotlib import pyplot


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


@pytest.mark.parametrize("quantity", ["value", "derivative", "second_derivative"])
def test_curves_are_the_losses(quantity):
    display = LossDisplay.from_losses(["cross_entropy", FocalLoss(gamma=2.0)], quantity=quantity)
    focal = display.lines_[1]
    assert focal.get_label() == "FocalLoss()"
    expected = getattr(FocalLoss(gamma=2.0), quantity)(logit(focal.get_xdata()))
    np.testing.assert_allclose(focal.get_ydata(), expected)
    assert display.ax_.get_xlabel() == "probability of the true class"


def test_margin_axis_target_and_given_axes():
    ax = pyplot.subplots()[1]
    loss = AsymmetricLoss(gamma_positive=0.0, gamma_negative=4.0, shift=0.0)
    display = LossDisplay.from_losses(loss, against="margin", target=0, ax=ax, color="k")
    assert display.ax_ is ax
    line = display.lines_[0]
    assert line.get_color() == "k"
    np.testing.assert_allclose(
        line.get_ydata(), FocalLoss(gamma=4.0).value(line.get_xdata()), rtol=1e-9
    )


def test_bad_arguments():
    with pytest.raises(ValueError, match="quantity"):
        LossDisplay.from_losses("focal", quantity="slope")
    with pytest.raises(ValueError, match="against"):
        LossDisplay.from_losses("focal", against="score")
    with pytest.raises(ValueError, match="Did you mean 'focal'"):
        LossDisplay.from_losses("focl")
