"""GammaPathDisplay: the scores of a validation curve, and the coefficients of fits to all rows."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import validation_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfocal import FocalLogisticRegression
from skfocal.inspection import GammaPathDisplay

matplotlib.use("Agg")
from matplotlib import pyplot

GAMMAS = [0.0, 1.0, 3.0]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def table(n_classes=2):
    return make_classification(150, 6, n_informative=4, n_classes=n_classes, random_state=0)


def test_scores_and_coefficients():
    X, y = table()
    model = FocalLogisticRegression(C=0.1)
    display = GammaPathDisplay.from_estimator(model, X, y, gammas=GAMMAS, cv=3)
    train, test = validation_curve(
        model, X, y, param_name="gamma", param_range=GAMMAS, cv=3, scoring="average_precision"
    )
    np.testing.assert_array_equal(display.train_scores, train)
    np.testing.assert_array_equal(display.test_scores, test)
    drawn = display.score_display_.lines_[1]
    np.testing.assert_allclose(drawn.get_ydata(), test.mean(axis=1))
    assert len(display.coefficient_lines_) == 6
    for gamma, coefficients in zip(GAMMAS, display.coefficients, strict=True):
        fit = FocalLogisticRegression(gamma, C=0.1).fit(X, y)
        np.testing.assert_array_equal(coefficients, fit.coef_[0])
    for line, column in zip(display.coefficient_lines_, display.coefficients.T, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), GAMMAS)
        np.testing.assert_array_equal(line.get_ydata(), column)
    assert display.score_ax_.get_ylabel() == "average precision"
    assert display.coefficient_ax_.get_xlabel() == "gamma"
    assert display.coefficient_ax_.get_xlim() == display.score_ax_.get_xlim()
    assert not hasattr(model, "coef_")


def test_a_pipeline_of_named_columns():
    X, y = table()
    X = pd.DataFrame(X, columns=list("abcdef"))
    model = make_pipeline(
        StandardScaler().set_output(transform="pandas"), FocalLogisticRegression()
    )
    display = GammaPathDisplay.from_estimator(
        model, X, y, gammas=GAMMAS, param_name="focallogisticregression__gamma", cv=3
    )
    assert display.coefficients.shape == (3, 6)
    legend = {text.get_text() for text in display.coefficient_ax_.get_legend().get_texts()}
    assert legend == set("abcdef")


def test_several_classes_are_drawn_by_their_size():
    X, y = table(3)
    display = GammaPathDisplay.from_estimator(
        FocalLogisticRegression(), X, y, gammas=GAMMAS, cv=3, scoring="accuracy"
    )
    fit = FocalLogisticRegression(3.0).fit(X, y)
    np.testing.assert_allclose(display.coefficients[-1], np.linalg.norm(fit.coef_, axis=0))


def test_axes_of_the_user():
    X, y = table()
    _, ax = pyplot.subplots()
    display = GammaPathDisplay.from_estimator(
        FocalLogisticRegression(), X, y, gammas=GAMMAS, cv=3, axes=ax
    )
    assert display.score_ax_ is ax
    assert display.coefficient_ax_ is None
    figure, axes = pyplot.subplots(1, 2)
    display.plot(axes, color="red")
    assert display.coefficient_ax_ is axes[1]
    assert display.figure_ is figure
    assert {line.get_color() for line in display.coefficient_lines_} == {"red"}


def test_an_unknown_parameter_is_named():
    X, y = table()
    with pytest.raises(ValueError, match="'focus'"):
        GammaPathDisplay.from_estimator(FocalLogisticRegression(), X, y, param_name="focus")
