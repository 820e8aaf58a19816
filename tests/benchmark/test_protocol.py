"""The judge: folds, the inner search, tuned thresholds, and failures that stay inside a cell."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import average_precision_score, f1_score
from threadpoolctl import threadpool_info

from skfocal.benchmark._folds import cut_in_time
from skfocal.benchmark._numeric import make_numeric
from skfocal.benchmark.methods import Method, get_method
from skfocal.benchmark.metrics import METRICS, tune_thresholds
from skfocal.benchmark.protocol import Plan, default_plan, evaluate, get_columns, make_folds
from tests.benchmark.toys import make_toy


class Reader(ClassifierMixin, BaseEstimator):
    """Predict a squashed first column, and note what passes by."""

    def __init__(self, sign=1.0, log=None, fault=None):
        self.sign, self.log, self.fault = sign, log, fault

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        if self.log is not None:
            self.log.append(("fit", X, [pool["num_threads"] for pool in threadpool_info()]))
        if self.fault == "error":
            raise RuntimeError("broken\n  twice")
        if self.fault == "warning":
            warnings.warn("careful", RuntimeWarning, stacklevel=1)
        return self

    def predict_proba(self, X):
        if self.log is not None:
            self.log.append(("predict", X, None))
        if self.fault == "probability":
            return np.full((len(X), 2), np.nan)
        p = 1 / (1 + np.exp(-self.sign * (X[:, 0] - 1.5)))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return (self.predict_proba(X)[:, 1] > 0.5).astype(int)


def make_method(configurations=({},), log=None, **fixed):
    def build(fold, **parameters):
        return Reader(log=log, **(fixed | parameters))

    return Method("reader", "Reader", "control", build, tuple(configurations))


@pytest.fixture
def table():
    return make_numeric(make_toy())


@pytest.fixture
def fold(table):
    return make_folds(table, Plan(), 0)[0]


@pytest.mark.parametrize("field", ["n_splits", "n_repeats", "inner_splits", "budget"])
@pytest.mark.parametrize("value", [0, 2.0, True, "3"])
def test_plan_refuses_what_is_no_number_of_things(field, value):
    with pytest.raises(ValueError, match=f"Plan: {field} must be an integer >= "):
        Plan(**{field: value})


def test_plans_of_the_suites():
    assert default_plan("tiny") == default_plan("quick") == Plan(3, 1, 3, 4)
    assert default_plan("multiclass") == default_plan("multilabel") == Plan(3, 1, 3, 4)
    assert default_plan("core") == default_plan("kovacs") == Plan(5, 2, 3, 8)


def test_folds_partition_the_rows_in_each_repeat_and_keep_the_class_ratio(table):
    folds = make_folds(table, Plan(n_splits=4, n_repeats=2), 0)
    assert [(f.repeat, f.fold) for f in folds] == [(r, f) for r in range(2) for f in range(4)]
    for repeat in (folds[:4], folds[4:]):
        assert_array_equal(np.sort(np.concatenate([f.test for f in repeat])), np.arange(120))
        for f in repeat:
            assert not set(f.train) & set(f.test)
            assert table.y[f.test].sum() == 6
    assert set(folds[0].test) != set(folds[4].test)
    assert len({f.random_state for f in folds}) == 8


def test_folds_depend_on_the_seed_alone(table):
    first, again, other = (make_folds(table, Plan(), seed) for seed in (0, 0, 1))
    assert_array_equal(first[0].test, again[0].test)
    assert set(first[0].test) != set(other[0].test)


def test_groups_straddle_neither_outer_nor_inner_folds():
    groups = np.arange(120) // 3
    table = make_numeric(make_toy(n_positive=40, groups=groups))
    log = []
    for fold in make_folds(table, Plan(), 0):
        assert not set(groups[fold.train]) & set(groups[fold.test])
    # The second column is a row's fingerprint: it tells which rows a fit has seen.
    group_of = dict(zip(table.X[:, 1], groups, strict=True))
    evaluate(make_method(log=log), table, fold, Plan())
    for (_, fitted, _), (_, checked, _) in zip(log[:6:2], log[1:6:2], strict=True):
        assert not {group_of[v] for v in fitted[:, 1]} & {group_of[v] for v in checked[:, 1]}


def test_a_cell_without_trouble(table, fold):
    row, predictions = evaluate(get_method("logistic"), table, fold, Plan())
    assert set(row) == set(get_columns("binary"))
    assert (row["status"], row["error"], row["warnings"]) == ("ok", "", "")
    assert (row["n_train"], row["n_test"]) == (80, 40)
    assert (row["n_positive_train"], row["n_positive_test"]) == (16, 8)
    assert row["n_configurations"] == 4
    assert set(json.loads(row["best_parameters"])) == {"C"}
    assert row["average_precision"] > 0.5
    assert min(row["fit_seconds"], row["search_seconds"], row["predict_seconds"]) > 0
    assert_array_equal(predictions["row"], fold.test)
    assert_array_equal(predictions["target"], table.y[fold.test])
    expected = average_precision_score(predictions["target"], predictions["probability"])
    assert_allclose(row["average_precision"], expected)
    json.dumps(row)


def test_a_cell_is_repeatable(table, fold):
    method = get_method("logistic_smote")
    first, again = (evaluate(method, table, fold, Plan())[1]["probability"] for _ in range(2))
    assert_array_equal(first, again)


def test_no_fit_sees_a_test_row_and_inner_checks_cover_the_training_rows(table, fold):
    log = []
    evaluate(make_method([{"sign": 1.0}, {"sign": 2.0}], log), table, fold, Plan())
    test_rows, train_rows = set(table.X[fold.test, 1]), set(table.X[fold.train, 1])
    fits = [set(X[:, 1]) for kind, X, _ in log if kind == "fit"]
    assert len(fits) == 2 * 3 + 1
    assert not any(seen & test_rows for seen in fits)
    assert fits[-1] == train_rows
    checks = [set(X[:, 1]) for kind, X, _ in log[:6] if kind == "predict"]
    assert set.union(*checks) == train_rows
    assert sum(map(len, checks)) == len(train_rows)
    assert not any(seen & checked for seen, checked in zip(fits[:3], checks, strict=True))


@pytest.mark.parametrize("budget", [1, 3, 9])
def test_the_budget_limits_every_arm_alike(table, fold, budget):
    log = []
    method = make_method([{"sign": sign} for sign in (1.0, 2.0, 3.0, 4.0)], log)
    row, _ = evaluate(method, table, fold, Plan(budget=budget))
    assert row["n_configurations"] == min(budget, 4)
    assert sum(kind == "fit" for kind, *_ in log) == 3 * min(budget, 4) + 1


def test_the_configuration_with_the_best_inner_average_precision_wins(table, fold):
    row, _ = evaluate(make_method([{"sign": -1.0}, {"sign": 2.0}]), table, fold, Plan())
    assert json.loads(row["best_parameters"]) == {"sign": 2.0}


def test_thresholds_come_from_the_inner_predictions_of_the_winner(table, fold):
    row, predictions = evaluate(make_method([{"sign": -1.0}, {"sign": 1.0}]), table, fold, Plan())
    # The reader learns nothing, so its out-of-fold predictions are known.
    inner = Reader().predict_proba(table.X[fold.train])[:, 1]
    threshold = tune_thresholds(table.y[fold.train], inner)["f1"]
    assert_allclose(row["threshold"], threshold)
    decision = predictions["probability"] >= threshold
    assert_allclose(row["f1_tuned"], f1_score(predictions["target"], decision))


def test_an_error_is_recorded_in_one_line(table, fold):
    row, predictions = evaluate(make_method(fault="error"), table, fold, Plan())
    assert (row["status"], row["error"]) == ("failed", "RuntimeError: broken twice")
    assert predictions == {}
    assert not set(row) & set(METRICS)
    assert row["n_train"] == 80


def test_what_is_no_probability_is_an_error(table, fold):
    row, _ = evaluate(make_method(fault="probability"), table, fold, Plan())
    assert row["error"] == "ValueError: The model predicts nan, which is no probability."


def test_a_configuration_that_fails_is_left_out(table, fold):
    method = make_method([{"fault": "error"}, {"sign": -1.0}])
    row, _ = evaluate(method, table, fold, Plan())
    assert row["status"] == "ok"
    assert json.loads(row["best_parameters"]) == {"sign": -1.0}
    assert (row["n_configurations"], row["warnings"]) == (2, "1 FitFailedWarning")


def test_warnings_are_counted_and_not_shown(table, fold):
    # The test-suite turns every warning that escapes into an error.
    row, _ = evaluate(make_method(fault="warning"), table, fold, Plan())
    assert (row["status"], row["warnings"]) == ("ok", "4 RuntimeWarning")


def test_a_cell_runs_on_one_thread_and_restores_the_others(table, fold):
    before = [pool["num_threads"] for pool in threadpool_info()]
    log = []
    evaluate(make_method(log=log), table, fold, Plan())
    assert {n for kind, _, threads in log if kind == "fit" for n in threads} == {1}
    assert [pool["num_threads"] for pool in threadpool_info()] == before


@pytest.mark.parametrize(
    ("n_positive", "message"),
    [
        (1, "The training fold has 0 positives in 80 rows|The test fold has 0 positives"),
        (2, "The training fold holds 1 row of the smaller class|The test fold has 0 positives"),
    ],
)
@pytest.mark.parametrize("position", range(3))
def test_folds_with_too_few_positives_are_failures(n_positive, message, position):
    table = make_numeric(make_toy(n_positive=n_positive))
    fold = make_folds(table, Plan(), 0)[position]
    row, _ = evaluate(get_method("logistic"), table, fold, Plan())
    assert row["status"] == "failed"
    assert any(text in row["error"] for text in message.split("|"))


def test_fewer_positives_than_inner_folds_still_work():
    table = make_numeric(make_toy(n_positive=3))
    fold = make_folds(table, Plan(), 0)[0]
    row, _ = evaluate(get_method("logistic"), table, fold, Plan(inner_splits=5))
    assert (row["status"], row["warnings"]) == ("ok", "")


def test_folds_in_time_are_rather_fewer_than_starved():
    rows = np.arange(160)
    late = make_numeric(make_toy("late", 160, 20, time=rows.astype(float)))

    def cut(y, fewest=1):
        return cut_in_time(replace(late, y=y), rows, 5, fewest)

    often = (rows % 4 == 0).astype(int)
    assert len(cut(often)) == 3  # of 27 rows 7 are positive, of 40 there are 10
    assert len(cut((rows % 8 == 0).astype(int))) == 1  # of 80 rows 10 are
    assert len(cut((rows % 8 == 0).astype(int), fewest=2)) == 5  # too few, but all that there are
    for train, test in cut(often):
        assert train.max() < test.min() and often[train].sum() >= 10
    with pytest.raises(ValueError, match=r"cannot be cut in the order of time\. .* needs both"):
        cut(np.zeros(160, int))
    with pytest.raises(ValueError, match="n_repeats must be 1"):
        make_folds(late, Plan(n_repeats=2), 0)


def test_inner_folds_train_on_the_past_too():
    log, times = [], np.arange(160.0)
    toy = make_toy("late", 160, 60, time=times)
    table = make_numeric(replace(toy, X=toy.X.assign(noise=times)))
    for fold in make_folds(table, Plan(3), 0):
        row, predictions = evaluate(make_method(log=log), table, fold, Plan(3))
        assert row["status"] == "ok", row["error"]
        assert len(predictions["inner_target"]) < len(fold.train)  # the first stretch is not judged
        seen = [(kind, X[:, 1]) for kind, X, _ in log]
        pairs = list(zip(seen[:-3:2], seen[1:-3:2], strict=True))
        assert len(pairs) >= 1
        for (fit, past), (predict, later) in pairs:
            assert (fit, predict) == ("fit", "predict") and past.max() < later.min()
        log.clear()
