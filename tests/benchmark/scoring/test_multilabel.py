"""Any number of labels per row: what is refused, which labels are judged, and the figures."""

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
from tests.benchmark.toys import make_multilabel

TASK = get_scoring("multilabel")
TARGET = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
PROBABILITY = np.array([[0.9, 0.2], [0.85, 0.8], [0.3, 0.6], [0.1, 0.7]])
DECISION = (PROBABILITY > 0.5).astype(int)


def test_figures_by_hand():
    values = TASK.measure(TARGET, PROBABILITY, DECISION, np.array([0.2, 0.75]))
    assert tuple(values) == TASK.FIGURES
    # Each label: its positives are first and third.
    assert_allclose(values["macro_average_precision"], (1 + 2 / 3) / 2)
    # All cells in one ranking: positives at 1, 3, 5 and 6.
    assert_allclose(values["micro_average_precision"], (1 + 2 / 3 + 3 / 5 + 4 / 6) / 4)
    assert_allclose(values["ranking_loss"], 1 / 4)  # the second row alone is the wrong way round
    likelihood = [0.9, 0.8, 0.15, 0.8, 0.3, 0.6, 0.9, 0.3]
    assert_allclose(values["log_loss"], -np.log(likelihood).mean())
    assert_allclose(values["macro_f1"], (2 * 1 / (2 + 2) + 2 * 2 / (3 + 2)) / 2)
    assert_allclose(values["macro_f1_tuned"], (2 * 2 / (3 + 2) + 2 * 1 / (1 + 2)) / 2)
    assert all(type(value) is float for value in values.values())


def test_figures_agree_with_scikit_learn():
    random = np.random.default_rng(0)
    target = (random.random((150, 4)) < [0.1, 0.2, 0.5, 0.8]).astype(int)
    probability = random.random((150, 4))
    thresholds = np.array([0.3, 0.5, 0.6, 0.2])
    values = TASK.measure(target, probability, (probability > 0.5).astype(int), thresholds)
    expected = [
        reference.average_precision_score(target, probability, average="macro"),
        reference.average_precision_score(target, probability, average="micro"),
        reference.label_ranking_loss(target, probability),
        np.mean([reference.log_loss(target[:, j], probability[:, j]) for j in range(4)]),
        reference.f1_score(target, probability > 0.5, average="macro"),
        reference.f1_score(target, probability >= thresholds, average="macro"),
    ]
    assert_allclose(list(values.values()), expected)


def test_a_label_without_test_rows_is_left_out_of_the_macro_figures():
    one = TASK.measure(TARGET, PROBABILITY, DECISION, np.array([0.2, 0.75]))
    target, probability, decision = (
        np.insert(array, 1, value, axis=1)
        for array, value in ((TARGET, 0), (PROBABILITY, 0.4), (DECISION, 1))
    )
    two = TASK.measure(target, probability, decision, np.array([0.2, 0.1, 0.75]))
    for name in ("macro_average_precision", "macro_f1", "macro_f1_tuned"):
        assert_allclose(two[name], one[name])


def test_figures_are_known_metrics_and_columns():
    assert set(TASK.FIGURES) <= set(METRICS)
    columns = get_columns("multilabel")
    assert [column for column in columns if column in METRICS] == list(TASK.FIGURES)


def test_each_label_has_its_own_threshold_for_f1():
    # The F1 is 2/3 with the first row alone and 4/7 with five; balanced accuracy prefers the five.
    first = np.array([1, 0, 0, 0, 1, 0, 0, 0, 0, 0])
    second = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    target = np.column_stack([first, second, np.zeros(10, int), np.ones(10, int)])
    probability = np.column_stack([np.linspace(0.95, 0.05, 10)] * 4)
    assert_allclose(TASK.tune(target, probability), [0.9, 0.7, 0.5, 0.5])


def test_rare_labels_are_trained_on_and_not_judged():
    table = make_numeric(make_multilabel())
    assert table.y.shape == (150, 4)
    assert table.judged == (0, 1, 2)
    assert_array_equal(table.target, table.y[:, :3])
    described = table.describe()
    assert described["left_out"] == ["odd"]
    assert described["labels"]["odd"] == 4
    assert described["n_positives"] == table.y[:, 2].sum()
    seen = []

    def build(fold):
        seen.append(fold.counts)
        return get_method("dummy").build(fold)

    fold = make_folds(table, Plan(), 0)[0]
    method = Method("spy", "Spy", "control", build, tasks=("multilabel",))
    row, predictions = evaluate(method, table, fold, Plan())
    assert row["status"] == "ok"
    assert {len(counts) for counts in seen} == {4}
    assert predictions["probability"].shape == predictions["target"].shape == (len(fold.test), 3)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"y": np.zeros(150)}, r"is an indicator of 0 and 1 .* got the shape \(150,\)"),
        ({"y": np.zeros((150, 1))}, "for each of two labels or more"),
        ({"y": np.full((150, 2), 2)}, r"\(150, 2\) and \[2\]"),
        ({"y": np.eye(150, 3)}, "has no label with 10 positives"),
    ],
)
def test_what_cannot_be_compared_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        make_numeric(replace(make_multilabel(), **fields))


def test_a_cell_is_judged_on_its_own_predictions():
    table = make_numeric(make_multilabel())
    fold = make_folds(table, Plan(), 0)[0]
    row, predictions = evaluate(get_method("logistic"), table, fold, Plan())
    assert set(row) == set(get_columns("multilabel"))
    assert (row["status"], row["error"]) == ("ok", "")
    target, probability = predictions["target"], predictions["probability"]
    assert_array_equal(target, table.y[fold.test][:, :3])
    expected = TASK.measure(target, probability, (probability > 0.5).astype(int), np.full(3, 0.5))
    expected["macro_f1_tuned"] = row["macro_f1_tuned"]
    assert {name: row[name] for name in TASK.FIGURES} == pytest.approx(expected)
    assert row["macro_average_precision"] > 0.7


def test_thresholds_come_from_the_training_rows():
    class Reader:
        """Predict the columns squashed, whatever it is fitted to."""

        def fit(self, X, y):
            return self

        def predict_proba(self, X):
            return np.column_stack([1 / (1 + np.exp(-X)), np.zeros(len(X))])

        def predict(self, X):
            return (self.predict_proba(X) > 0.5).astype(int)

    table = make_numeric(make_multilabel())
    fold = make_folds(table, Plan(), 0)[0]
    method = Method("reader", "Reader", "control", lambda fold: Reader(), tasks=("multilabel",))
    row, predictions = evaluate(method, table, fold, Plan())
    inner = Reader().predict_proba(table.X[fold.train])[:, :3]
    thresholds = TASK.tune(table.target[fold.train], inner)
    decision = predictions["probability"] >= thresholds
    expected = reference.f1_score(predictions["target"], decision, average="macro")
    assert_allclose(row["macro_f1_tuned"], expected)
