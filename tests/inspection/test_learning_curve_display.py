"""LearningCurveDisplay: the lines are the fitted curves, at the epochs where they belong."""

import matplotlib
import numpy as np
import pytest
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from skfocal.inspection import LearningCurveDisplay
from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier

matplotlib.use("Agg")
from matplotlib import pyplot

SMALL = {"hidden_layer_sizes": (4,), "n_members": 1, "max_epochs": 4, "random_state": 0}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def table():
    return make_classification(200, 6, random_state=0)


def multilabel_table():
    return make_multilabel_classification(200, 6, random_state=0)


@pytest.mark.parametrize(
    ("estimator", "make_table", "score_name"),
    [
        (FocalMLPClassifier(**SMALL), table, "average precision"),
        (FocalMLPClassifier(**SMALL, scoring="neg_log_loss"), table, "neg log loss"),
        (MultiLabelFocalClassifier(**SMALL), multilabel_table, "average precision"),
        (MLPClassifier((4,), max_iter=4, n_iter_no_change=4, random_state=0), table, "score"),
    ],
    ids=["focal", "log loss", "multilabel", "scikit-learn"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_curves_with_early_stopping(estimator, make_table, score_name):
    estimator.set_params(early_stopping=True).fit(*make_table())
    display = LearningCurveDisplay.from_estimator(estimator)
    np.testing.assert_array_equal(display.loss_line_.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_array_equal(display.loss_line_.get_ydata(), estimator.loss_curve_)
    np.testing.assert_array_equal(display.validation_line_.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_array_equal(
        display.validation_line_.get_ydata(), estimator.validation_scores_
    )
    first_best = 1 + estimator.validation_scores_.index(max(estimator.validation_scores_))
    best = getattr(estimator, "best_epoch_", first_best)
    assert set(display.best_line_.get_xdata()) == {best}
    assert display.ax_.get_xlabel() == "epochs"
    assert display.validation_ax_.get_ylabel() == f"validation {score_name}"
    legend = [text.get_text() for text in display.validation_ax_.get_legend().get_texts()]
    assert legend == ["training loss", f"validation {score_name}", f"best: {best}"]
    assert display.loss_line_.get_color() != display.validation_line_.get_color()


@pytest.mark.parametrize(
    "estimator",
    [
        FocalMLPClassifier(**SMALL),
        MLPClassifier((4,), max_iter=4, n_iter_no_change=4, random_state=0),
    ],
    ids=["focal", "scikit-learn"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_loss_alone_on_given_axes(estimator):
    ax = pyplot.subplots()[1]
    display = LearningCurveDisplay.from_estimator(
        estimator.fit(*table()), ax=ax, color="k", label="mine"
    )
    assert display.ax_ is ax
    assert display.figure_.axes == [ax]
    assert display.validation_ax_ is display.validation_line_ is display.best_line_ is None
    assert (display.loss_line_.get_color(), display.loss_line_.get_label()) == ("k", "mine")


def test_scores_of_a_continued_fit_belong_to_its_last_epochs():
    model = FocalMLPClassifier(**SMALL, early_stopping=True, warm_start=True)
    model.fit(*table()).fit(*table())
    display = LearningCurveDisplay.from_estimator(model)
    np.testing.assert_array_equal(display.loss_line_.get_xdata(), range(1, 9))
    np.testing.assert_array_equal(display.validation_line_.get_xdata(), range(5, 9))
    assert 5 <= display.best_line_.get_xdata()[0] <= 8
    assert display.plot(None).ax_ is not pyplot.figure(1).axes[0]


def test_refuses_what_has_no_curve():
    with pytest.raises(NotFittedError):
        LearningCurveDisplay.from_estimator(FocalMLPClassifier())
    fitted = LogisticRegression().fit(*table())
    with pytest.raises(ValueError, match=r"has loss_curve_, .* got LogisticRegression\."):
        LearningCurveDisplay.from_estimator(fitted)


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    model = FocalMLPClassifier(**SMALL).fit(*table())
    with pytest.raises(ImportError, match=r"LearningCurveDisplay .*'skfocal\[benchmark\]'"):
        LearningCurveDisplay.from_estimator(model)
