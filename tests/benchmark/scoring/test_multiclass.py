"""Several classes: what is refused, the macro figures, and classes that are absent."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics as reference

from skfocal.benchmark._numeric import make_numeric
from skfocal.benchmark.methods import Method, get_method
from skfocal.benchmark.metrics import METRICS
from skfocal.benchmark.protocol import Plan, evaluate, get_columns, make_folds
from skfocal.benchmark.scoring import get_scoring
from tests.benchmark.arms import build
from tests.benchmark.toys import make_multiclass

TASK = get_scoring("multiclass")
TARGET = np.array([0, 0, 1, 1, 2])
PROBABILITY = np.array(
    [[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.2, 0.6, 0.2], [0.3, 0.3, 0.4], [0.1, 0.2, 0.7]]
)
DECISION = np.array([0, 1, 1, 2, 2])


def test_figures_by_hand():
    values = TASK.measure(TARGET, PROBABILITY, DECISION, None)
    assert tuple(values) == TASK.FIGURES
    # Class 1 is ranked third, after one wrong row: its precisions are 1 and 2/3.
    assert_allclose(values["macro_average_precision"], (1 + 5 / 6 + 1) / 3)
    assert_allclose(values["log_loss"], -np.log([0.7, 0.4, 0.6, 0.3, 0.7]).mean())
    assert_allclose(values["balanced_accuracy"], (1 / 2 + 1 / 2 + 1) / 3)
    assert_allclose(values["geometric_mean"], (1 / 4) ** (1 / 3))
    assert all(type(value) is float for value in values.values())


def test_a_class_without_test_rows_is_left_out():
    values = TASK.measure(TARGET[:4], PROBABILITY[:4], DECISION[:4], None)
    assert_allclose(values["macro_average_precision"], (1 + 5 / 6) / 2)
    assert_allclose(values["log_loss"], -np.log([0.7, 0.4, 0.6, 0.3]).mean())
    assert_allclose([values["balanced_accuracy"], values["geometric_mean"]], 1 / 2)


def test_figures_agree_with_scikit_learn():
    random = np.random.default_rng(0)
    target = random.integers(0, 4, 200)
    probability = random.dirichlet(np.ones(4), 200)
    decision = probability.argmax(axis=1)
    values = TASK.measure(target, probability, decision, None)
    indicator = np.eye(4)[target]
    expected = [
        reference.average_precision_score(indicator, probability, average="macro"),
        reference.log_loss(target, probability),
        reference.balanced_accuracy_score(target, decision),
        np.prod(reference.recall_score(target, decision, average=None)) ** (1 / 4),
    ]
    assert_allclose(list(values.values()), expected)


def test_figures_are_known_metrics_and_columns():
    assert set(TASK.FIGURES) <= set(METRICS)
    columns = get_columns("multiclass")
    assert [column for column in columns if column in METRICS] == list(TASK.FIGURES)


def test_classes_are_numbered_by_name():
    table = make_numeric(make_multiclass())
    assert table.names == ("ash", "birch", "cedar")
    assert_array_equal(np.array(table.names)[table.y], make_multiclass().y)
    described = table.describe()
    assert described["classes"] == {"ash": 100, "birch": 38, "cedar": 12}
    assert described["n_positives"] == 12
    assert table.target is table.y


@pytest.mark.parametrize("y", [np.tile(["a", "b"], 75), np.zeros((150, 3))])
def test_two_classes_or_a_matrix_are_refused(y):
    with pytest.raises(ValueError, match="is one column of three classes or more; got the shape"):
        make_numeric(replace(make_multiclass(), y=y))


def test_folds_keep_the_classes():
    table = make_numeric(make_multiclass())
    folds = make_folds(table, Plan(n_splits=4), 0)
    counts = np.array([np.bincount(table.y[fold.test]) for fold in folds])
    assert_array_equal(counts[:, [0, 2]], [[25, 3]] * 4)
    assert set(counts[:, 1]) == {9, 10}


def test_a_cell_is_chosen_by_the_macro_average():
    table = make_numeric(make_multiclass())
    fold = make_folds(table, Plan(), 0)[0]
    row, predictions = evaluate(get_method("logistic"), table, fold, Plan())
    assert set(row) == set(get_columns("multiclass"))
    assert (row["status"], row["error"], row["warnings"]) == ("ok", "", "")
    assert (row["n_positive_train"], row["n_positive_test"]) == (8, 4)
    assert predictions["probability"].shape == (50, 3)
    assert_array_equal(predictions["target"], table.y[fold.test])
    expected = TASK.measure(
        predictions["target"],
        predictions["probability"],
        predictions["probability"].argmax(axis=1),
        None,
    )
    assert {name: row[name] for name in TASK.FIGURES} == pytest.approx(expected)


@pytest.mark.parametrize("n_rare", [1, 2])
def test_a_class_that_training_rows_lack_has_probability_zero(n_rare):
    table = make_numeric(make_multiclass(counts=(60, 30, 20, n_rare)))
    folds = make_folds(table, Plan(), 0)
    statuses = []
    for fold in folds:
        row, predictions = evaluate(get_method("logistic"), table, fold, Plan(budget=1))
        statuses.append(row["status"])
        assert predictions["probability"].shape == (len(fold.test), 4)
        if 3 not in table.y[fold.train]:
            assert not predictions["probability"][:, 3].any()
    assert statuses == ["ok"] * 3


def test_probabilities_stand_under_their_class_where_training_rows_lack_one():
    table = make_numeric(make_multiclass())
    rows = np.flatnonzero(table.y != 1)
    model = build("logistic", table).fit(table.X[rows], table.y[rows])
    probability = TASK.predict_probability(model, table.X, table)
    assert_allclose(probability[:, [0, 2]], model.predict_proba(table.X))
    assert not probability[:, 1].any()


def test_smote_with_few_rows_of_a_class_takes_fewer_neighbours_or_fails_in_its_cell():
    for n_rare, status in ((12, "ok"), (2, "failed")):
        table = make_numeric(make_multiclass(counts=(60, 30, n_rare)))
        fold = make_folds(table, Plan(), 0)[0]
        row, _ = evaluate(get_method("logistic_smote"), table, fold, Plan(budget=1))
        assert row["status"] == status
    assert "The smallest class has 1 row in the training fold" in row["error"]


def test_one_class_is_refused():
    table = make_numeric(make_multiclass())
    fold = make_folds(table, Plan(), 0)[0]
    only = replace(fold, test=np.flatnonzero(table.y == 1))
    row, _ = evaluate(get_method("logistic"), table, only, Plan())
    assert row["error"] == "ValueError: The test fold has one class only in 38 rows; it needs two."


def test_what_is_no_probability_is_an_error():
    class Broken:
        classes_ = np.arange(3)

        def fit(self, X, y):
            return self

        def predict_proba(self, X):
            return np.full((len(X), 3), 1.5)

    table = make_numeric(make_multiclass())
    fold = make_folds(table, Plan(), 0)[0]
    method = Method("broken", "Broken", "control", lambda fold: Broken(), tasks=("multiclass",))
    row, _ = evaluate(method, table, fold, Plan())
    assert row["error"] == "ValueError: The model predicts 1.5, which is no probability."
