"""Both neural estimators against faults of peers, by number: what their own files leave open."""

import inspect
import random
import subprocess
import sys
import tracemalloc
from typing import NamedTuple
from unittest import mock

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import skorch
import torch
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_info
from torch.utils._python_dispatch import TorchDispatchMode

from skfocal.losses import FocalLoss, get_loss, list_losses
from skfocal.model_selection import class_split, label_split
from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier
from skfocal.neural_network._scoring import ValidationScorer
from skfocal.neural_network._threads import step_threads
from skfocal.nn import LossModule, TabularMLP
from skfocal.posterior import best_constant_score

SMALL = {"hidden_layer_sizes": (8,), "n_members": 2, "max_epochs": 3, "random_state": 0}
EXACT = {"dropout": 0.0, "batch_size": 10_000, "learning_rate": "constant"}
ESTIMATORS = [FocalMLPClassifier, MultiLabelFocalClassifier]
both = pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)


def table(cls, n=200):
    if cls is FocalMLPClassifier:
        return make_classification(n, 6, n_informative=4, random_state=0)
    return make_multilabel_classification(n, 6, n_classes=3, random_state=0)


def small(cls, **parameters):
    return cls(**(SMALL | parameters))


class Pass(NamedTuple):
    training: bool
    X: torch.Tensor
    others: tuple  # arguments beside X
    n_threads: int


@pytest.fixture
def passes(monkeypatch):
    """Every pass of rows through a network."""
    seen = []
    # The first layer of a pass, with autograd and without it.
    original = TabularMLP.embed

    def embed(self, X, *args, **kwargs):
        others = (*args, *kwargs)
        seen.append(Pass(self.training, X.detach().clone(), others, torch.get_num_threads()))
        return original(self, X, *args, **kwargs)

    monkeypatch.setattr(TabularMLP, "embed", embed)
    return seen


class TestWeights:
    @both
    def test_alpha_of_half_is_no_alpha(self, cls):
        X, y = table(cls)
        assert inspect.signature(cls).parameters["alpha"].default is None
        np.testing.assert_array_equal(
            small(cls, alpha=0.5).fit(X, y).predict_proba(X), small(cls).fit(X, y).predict_proba(X)
        )

    @both
    def test_alpha_acts_and_raises_the_positives(self, cls):
        X, y = table(cls)
        means = [small(cls, gamma=0.0, alpha=a).fit(X, y).predict_proba(X) for a in (0.1, 0.9)]
        assert means[1][:, -1].mean() > means[0][:, -1].mean() + 0.01

    @both
    def test_balanced_alpha_is_balanced_class_weight(self, cls):
        X, y = table(cls)
        X, y = X[: 100 + len(X) // 3], y[: 100 + len(X) // 3]
        alpha, class_weight = (
            small(cls, **{name: "balanced"}).fit(X, y) for name in ("alpha", "class_weight")
        )
        np.testing.assert_allclose(alpha.class_weight_, class_weight.class_weight_, rtol=1e-12)
        np.testing.assert_allclose(alpha.predict_proba(X), class_weight.predict_proba(X), atol=1e-6)

    def test_a_dict_of_weights_goes_by_label(self):
        X, y = table(FocalMLPClassifier)
        names = np.array(["ok", "fraud"])[y]
        by_name = small(FocalMLPClassifier, alpha={"ok": 1, "fraud": 10}).fit(X, names)
        by_place = small(FocalMLPClassifier, alpha=[10, 1]).fit(X, names)
        by_code = small(FocalMLPClassifier, alpha={1: 1, 0: 10}).fit(X, 1 - y)
        assert by_name.classes_.tolist() == ["fraud", "ok"]
        for other in (by_place, by_code):
            np.testing.assert_array_equal(by_name.predict_proba(X), other.predict_proba(X))

    def test_class_weight_is_a_sample_weight(self):
        X, y = table(FocalMLPClassifier)
        model = small(
            FocalMLPClassifier,
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


class TestProbabilities:
    @pytest.mark.parametrize("kind", ["raw", "weighted", "posterior"])
    @pytest.mark.parametrize("weights", [{}, {"alpha": [1, 7]}, {"class_weight": {0: 1, 1: 9}}])
    @both
    def test_the_outputs_agree(self, cls, weights, kind):
        X, y = table(cls)
        if cls is MultiLabelFocalClassifier:
            weights = {"alpha": 7 / 8} if "alpha" in weights else weights
        model = small(cls, probabilities=kind, **weights).fit(X, y)
        probability, decision = model.predict_proba(X), model.decision_function(X)
        positive = probability[:, 1] if cls is FocalMLPClassifier else probability
        np.testing.assert_allclose(expit(decision), positive, rtol=1e-9)
        np.testing.assert_array_equal(model.predict(X), (decision > 0).astype(int))
        np.testing.assert_array_equal(model.predict(X), (positive > 0.5).astype(int))

    @pytest.mark.parametrize("kind", ["raw", "weighted", "posterior"])
    def test_the_outputs_agree_for_four_classes(self, kind):
        X, y = make_classification(200, 6, n_informative=4, n_classes=4, random_state=0)
        model = small(FocalMLPClassifier, probabilities=kind, alpha=[1, 2, 3, 9]).fit(X, y)
        np.testing.assert_array_equal(model.predict_proba(X).argmax(axis=1), model.predict(X))
        np.testing.assert_allclose(
            model.decision_function(X), np.log(model.predict_proba(X)), rtol=1e-9
        )

    @pytest.mark.parametrize("scoring", ["average_precision", "neg_log_loss"])
    def test_what_early_stopping_watches_does_not_depend_on_gamma(self, scoring):
        rng = np.random.default_rng(0)
        risk = rng.uniform(0.01, 0.9, 40)
        target = (rng.random(40) < risk).astype(int)
        values = []
        for gamma in (0.0, 2.0, 5.0):
            for weight in (np.ones(2), np.array([0.5, 4.0])):
                loss = FocalLoss(gamma=gamma)
                # The scores at which each loss, weights included, says the same risk.
                scores = [
                    best_constant_score(loss, [1 - p, p], weight, task="binary") for p in risk
                ]
                score = ValidationScorer(scoring, "binary", target, None, weight)
                values.append(score(loss, True, np.reshape(scores, (1, -1, 1))))
        np.testing.assert_allclose(values, values[0], rtol=1e-6)

    @pytest.mark.parametrize("name", list_losses())
    @pytest.mark.filterwarnings("ignore:.*has no inverse")
    def test_raw_probabilities_are_the_sigmoid_of_the_network(self, name):
        if "multilabel" not in get_loss(name).tasks:
            pytest.skip(f"{name} is not defined for multilabel")
        X, Y = table(MultiLabelFocalClassifier)
        model = small(MultiLabelFocalClassifier, loss=name, n_members=1, probabilities="raw")
        probability = model.fit(X, Y).predict_proba(X)
        scaled = torch.from_numpy((X - model.mean_) / model.scale_).float()
        with torch.no_grad():
            scores = model.to_torch()(scaled)[0].double().numpy()
        shifted = expit(scores * model.loss_.score_scale)
        np.testing.assert_allclose(probability, shifted, rtol=1e-4, atol=1e-6)

    def test_the_criterion_is_none_of_the_stock_ones(self):
        stock = (torch.nn.BCEWithLogitsLoss, torch.nn.BCELoss, torch.nn.NLLLoss)
        assert not issubclass(LossModule, (*stock, torch.nn.CrossEntropyLoss))


LEARNER = {
    "hidden_layer_sizes": (8,),
    "n_members": 1,
    "numeric_embedding": None,
    "max_epochs": 30,
    "batch_size": 32,
    # A check of labels sets no seed, and wants probabilities that are not saturated.
    "random_state": 0,
}
RATES = {FocalMLPClassifier: 0.05, MultiLabelFocalClassifier: 0.02}
WEIGHTS_REASON = (
    "mini-batches, dropout and float32 cannot meet 1e-7; see test_weights_are_repetitions"
)


def excused(estimator):
    return {
        "check_sample_weight_equivalence_on_dense_data": WEIGHTS_REASON,
        "check_sample_weight_equivalence_on_sparse_data": WEIGHTS_REASON,
    }


@pytest.mark.slow
@parametrize_with_checks(
    [
        cls(**settings)
        for cls in ESTIMATORS
        for settings in (
            {},
            LEARNER | {"alpha": "balanced", "learning_rate_init": RATES[cls]},
            LEARNER | {"gamma": 0.5, "early_stopping": True, "learning_rate_init": RATES[cls]},
        )
    ],
    expected_failed_checks=excused,
    xfail_strict=True,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_checks(estimator, check):
    check(estimator)


class TestData:
    def test_batches_of_one_row(self):
        X, Y = table(MultiLabelFocalClassifier)
        model = small(MultiLabelFocalClassifier, batch_size=1, max_epochs=1).fit(X[:30], Y[:30])
        assert model.predict_proba(X).shape == (200, 3)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
    def test_more_types_of_the_target(self, dtype):
        X, y = table(FocalMLPClassifier)
        np.testing.assert_array_equal(
            small(FocalMLPClassifier).fit(X, y.astype(dtype)).predict_proba(X),
            small(FocalMLPClassifier).fit(X, y).predict_proba(X),
        )

    @pytest.mark.parametrize(
        "convert",
        [
            lambda X: X.astype(np.float32),
            lambda X: X.astype(int),
            lambda X: X.tolist(),
            lambda X: np.asfortranarray(X),
            lambda X: np.repeat(X, 2, axis=1)[:, ::2],
            lambda X: np.lib.stride_tricks.as_strided(X, writeable=False),
            lambda X: pd.DataFrame(X, columns=["x", "X", "self", "sample_weight", "y", "batch"]),
            lambda X: pl.DataFrame(X, schema=list("abcdef")),
            sparse.csr_array,
            sparse.csr_matrix,
            sparse.csc_array,
            sparse.coo_array,
        ],
        ids="float32 int list fortran view readonly pandas polars csr csrmatrix csc coo".split(),
    )
    def test_containers_of_multilabel(self, convert):
        X, Y = table(MultiLabelFocalClassifier)
        X = np.round(3 * X)
        other = convert(X)
        probability = small(MultiLabelFocalClassifier).fit(other, Y).predict_proba(other)
        assert type(probability) is np.ndarray
        expected = small(MultiLabelFocalClassifier).fit(X, Y).predict_proba(X)
        np.testing.assert_allclose(probability, expected, atol=1e-5)

    def test_feature_names_of_multilabel(self):
        X, Y = table(MultiLabelFocalClassifier)
        frame = pd.DataFrame(X, columns=list("abcdef"))
        model = small(MultiLabelFocalClassifier).fit(frame, Y)
        assert model.feature_names_in_.tolist() == list("abcdef")
        for wrong in (frame[list("bacdef")], frame.rename(columns={"a": "z"}), frame[list("abc")]):
            with pytest.raises(ValueError, match="feature"):
                model.predict(wrong)

    @both
    def test_types_in_and_out(self, cls, passes):
        X, y = table(cls)
        assert X.dtype == np.float64
        model = small(cls).fit(X, y)
        assert {seen.X.dtype for seen in passes} == {torch.float32}
        probability = model.predict_proba(X)
        assert probability.dtype == np.float64
        if cls is FocalMLPClassifier:
            np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)
            labels = small(cls).fit(X, 5 + y)
            chosen = labels.classes_[labels.predict_proba(X).argmax(axis=1)]
            np.testing.assert_array_equal(chosen, labels.predict(X))
            assert set(chosen) == {5, 6}

    @both
    def test_dicts_are_refused(self, cls):
        X, y = table(cls)
        with pytest.raises((ValueError, TypeError)):
            small(cls).fit({"X": X}, y)

    def test_weights_of_one_are_no_weights_and_bad_ones_are_refused(self):
        X, Y = table(MultiLabelFocalClassifier)
        model = small(MultiLabelFocalClassifier)
        ones = clone(model).fit(X, Y, np.ones(200)).predict_proba(X)
        np.testing.assert_array_equal(ones, clone(model).fit(X, Y).predict_proba(X))
        for bad in (np.zeros(200), -np.ones(200), np.full(200, np.nan), np.ones(199)):
            with pytest.raises(ValueError, match=r"weight|NaN"):
                clone(model).fit(X, Y, bad)

    @pytest.mark.parametrize(
        "weights", [{"alpha": "effective"}, {"class_weight": "balanced"}], ids=str
    )
    def test_counts_are_of_weights(self, weights):
        X, Y = table(MultiLabelFocalClassifier)
        weight = np.random.default_rng(0).integers(0, 4, len(Y))
        model = small(MultiLabelFocalClassifier, **EXACT, **weights)
        weighted = clone(model).fit(X, Y, sample_weight=weight)
        repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(Y, weight, axis=0))
        np.testing.assert_allclose(weighted.class_weight_, repeated.class_weight_, rtol=1e-12)
        np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5)

    @pytest.mark.slow
    def test_sparse_rows_are_made_dense_a_batch_at_a_time(self):
        X = sparse.random_array((4000, 8000), density=1e-3, format="csr", rng=0)
        model = small(
            FocalMLPClassifier,
            hidden_layer_sizes=(2,),
            n_members=1,
            numeric_embedding=None,
            max_epochs=1,
            batch_size=200,
        )
        clone(model).fit(X[:9], np.arange(9) % 2)  # loads what is loaded once
        tracemalloc.start()
        model.fit(X, np.arange(4000) % 2)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 0.5 * 4 * np.prod(X.shape)  # of the dense table in float32

    @both
    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_nan_and_infinity_are_refused(self, cls, bad):
        X, y = table(cls)
        wrong = X.copy()
        wrong[3, 2] = bad
        model = small(cls).fit(X, y)
        weight = np.where(np.arange(200) == 3, bad, 1.0)
        calls = [
            lambda: small(cls).fit(wrong, y),
            lambda: small(cls).fit(X, y, weight),
            lambda: model.predict(wrong),
            lambda: model.predict_proba(sparse.csr_array(wrong)),
            lambda: small(cls, early_stopping=True).fit(X, y, X_val=wrong, y_val=y),
        ]
        for call in calls:
            with pytest.raises(ValueError, match=r"NaN|infinity"):
                call()

    @both
    def test_routing_through_a_search(self, cls):
        X, y = table(cls)
        weight = np.random.default_rng(0).uniform(0.1, 5, 200)
        grid = {"gamma": [1.0]}
        with sklearn.config_context(enable_metadata_routing=True):
            asked = small(cls).set_fit_request(sample_weight=True)
            asked.set_score_request(sample_weight=True)
            search = GridSearchCV(asked, grid, cv=2).fit(X, y, sample_weight=weight)
            with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
                GridSearchCV(small(cls), grid, cv=2).fit(X, y, sample_weight=weight)
        direct = small(cls, gamma=1.0).fit(X, y, weight)
        np.testing.assert_array_equal(search.predict_proba(X), direct.predict_proba(X))
        plain = small(cls, gamma=1.0).fit(X, y).predict_proba(X)
        assert np.abs(direct.predict_proba(X) - plain).max() > 1e-3


class TestValidation:
    @both
    def test_weights_follow_their_rows(self, cls):
        X, y = table(cls)
        weight = np.random.default_rng(0).uniform(0.1, 5, 200)
        model = small(cls, early_stopping=True, validation_fraction=0.25, max_epochs=8)
        model.fit(X, y, weight)
        split = class_split if cls is FocalMLPClassifier else label_split
        _, rows = split(y, 0.25, np.random.default_rng(model._draw_seed()))
        decision = model.decision_function(X[rows])
        scores = [
            average_precision_score(y[rows], decision, average="macro", sample_weight=w)
            for w in (weight[rows], None)
        ]
        assert scores[0] == pytest.approx(max(model.validation_scores_), abs=1e-6)
        assert scores[1] != pytest.approx(scores[0], abs=1e-4)

    @both
    def test_rows_of_the_user_are_used_whole_and_not_trained_on(self, cls, passes):
        X, y = table(cls)
        X[:, 0] = np.arange(200)
        model = small(cls, early_stopping=True, standardize=False, batch_size=32)
        model.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
        trained, watched = (
            sorted(torch.cat([p.X[:, 0] for p in passes if p.training is training]).tolist())
            for training in (True, False)
        )
        assert trained == sorted(3 * list(range(150)))
        assert watched == sorted(3 * list(range(150, 200)))

    @both
    def test_average_precision_is_watched_by_default(self, cls):
        assert inspect.signature(cls).parameters["scoring"].default == "average_precision"

    @both
    def test_no_fit_parameters_pass_through(self, cls):
        X, y = table(cls)
        with pytest.raises(TypeError, match="groups"):
            small(cls, early_stopping=True).fit(X, y, groups=y)

    @both
    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_every_row_is_seen_once_an_epoch(self, cls, early_stopping, passes):
        X, y = table(cls)
        small(cls, batch_size=32, early_stopping=early_stopping, validation_fraction=0.2).fit(X, y)
        trained = sum(len(p.X) for p in passes if p.training)
        watched = sum(len(p.X) for p in passes if not p.training)
        if early_stopping:
            assert trained + watched == 3 * 200
            assert watched / 3 == pytest.approx(40, abs=2)
        else:
            assert trained == 3 * 200


class TestContinuation:
    def test_fit_forgets_and_refuses_other_features(self):
        X, Y = table(MultiLabelFocalClassifier)
        model = small(MultiLabelFocalClassifier)
        first = model.fit(X, Y).predict_proba(X)
        np.testing.assert_array_equal(model.fit(X, Y).predict_proba(X), first)
        with pytest.raises(ValueError, match="features"):
            model.set_params(warm_start=True).fit(X[:, :4], Y)


def global_states():
    return (
        random.getstate(),
        np.random.mtrand._rand.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
    )


def thread_counts():
    pools = {
        (pool["user_api"], pool["filepath"]): pool["num_threads"] for pool in threadpool_info()
    }
    return torch.get_num_threads(), pools


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


class TestSeedsAndThreads:
    @both
    def test_the_same_seed_gives_the_same_fit(self, cls):
        X, y = table(cls)
        before = global_states()
        model = small(cls, dropout=0.3, batch_size=32, early_stopping=True)
        fitted = [clone(model).fit(X, y) for _ in range(2)]
        for name, value in fitted[0]._state.items():
            np.testing.assert_array_equal(fitted[1]._state[name], value)
        assert fitted[0].validation_scores_ == fitted[1].validation_scores_
        assert fitted[0].loss_curve_ == fitted[1].loss_curve_
        by_instance, other, unseeded = (
            clone(model).set_params(random_state=seed).fit(X, y)
            for seed in (np.random.RandomState(0), 1, None)
        )
        assert by_instance.loss_curve_ == fitted[0].loss_curve_
        assert len({tuple(m.loss_curve_) for m in (fitted[0], other, unseeded)}) == 3
        fitted[0].predict_proba(X)
        assert global_states() == before

    @both
    @pytest.mark.parametrize("fails", [False, True])
    def test_thread_counts_are_as_before(self, cls, fails, two_threads, monkeypatch):
        X, y = table(cls)
        before = thread_counts()
        if not fails:
            small(cls).fit(X, y).predict(X)
        else:
            monkeypatch.setattr(TabularMLP, "embed", mock.Mock(side_effect=RuntimeError("lost")))
            with pytest.raises(RuntimeError, match="lost"):
                small(cls).fit(X, y)
        assert thread_counts() == before

    def test_overlapping_fits_restore_what_the_first_one_found(self, two_threads):
        first, second = step_threads(1), step_threads(1)
        for step in (first.__enter__, second.__enter__):
            step()
            assert torch.get_num_threads() == 1
        first.__exit__(None, None, None)
        second.__exit__(None, None, None)
        assert torch.get_num_threads() == 2

    @both
    def test_four_fits_by_threads_are_the_serial_ones(self, cls, two_threads):
        X, y = table(cls)
        before = thread_counts()
        model = small(cls, dropout=0.3, batch_size=20)
        expected = clone(model).fit(X, y).predict_proba(X)
        fitted = joblib.Parallel(n_jobs=4, backend="threading")(
            joblib.delayed(clone(model).fit)(X, y) for _ in range(4)
        )
        for other in fitted:
            np.testing.assert_array_equal(other.predict_proba(X), expected)
        assert thread_counts() == before


class Seen(TorchDispatchMode):
    """Every operation of torch passes through a Python function."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return operation(*args, **(kwargs or {}))


def count_calls(function):
    """Return how many functions are called, of Python, C and torch."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    with Seen():
        sys.setprofile(profile)
        try:
            function()
        finally:
            sys.setprofile(None)
    return count


class TestTraining:
    @both
    def test_a_fit_prints_nothing(self, cls, capfd):
        X, y = table(cls)
        small(cls, early_stopping=True, max_epochs=20, n_iter_no_change=1).fit(X, y).predict(X)
        assert capfd.readouterr() == ("", "")

    @both
    def test_accesses_per_epoch(self, cls, passes):
        X, y = table(cls)
        X[:, 0] = np.arange(200)
        small(cls, standardize=False, batch_size=50).fit(X, y)
        batches = [p.X[:, 0] for p in passes if p.training]
        assert [len(rows) for rows in batches] == 12 * [50]
        epochs = [torch.cat(batches[start : start + 4]).tolist() for start in (0, 4, 8)]
        for rows in epochs:
            assert sorted(rows) == list(range(200))
        assert len({tuple(rows) for rows in epochs}) == 3

    @both
    def test_work_is_by_batches_and_not_by_rows(self, cls):
        tables = [table(cls, n) for n in (100, 1100)]
        models = [small(cls, batch_size=len(X) // 5) for X, _ in tables]
        few, many = (
            count_calls(lambda m=model, Xy=Xy: m.fit(*Xy))
            for model, Xy in zip(models, tables, strict=True)
        )
        # 3,000 more rows go through the network; reading each alone would take several calls.
        assert many - few < 3000 * 0.5

    @both
    def test_forward_gets_rows_alone(self, cls, passes):
        X, y = table(cls)
        small(cls, early_stopping=True).fit(X, y, np.linspace(0.1, 2, 200))
        assert passes
        assert {p.others for p in passes} == {()}
        assert {p.X.shape[1:] for p in passes} == {(6,)}

    @both
    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_no_useless_work(self, cls, early_stopping, passes, monkeypatch):
        useless = mock.Mock(side_effect=AssertionError)
        for callback in ("EpochTimer", "PassthroughScoring", "PrintLog", "EpochScoring"):
            monkeypatch.setattr(getattr(skorch.callbacks, callback), "on_epoch_end", useless)
        X, y = table(cls)
        model = small(cls, early_stopping=early_stopping, batch_size=20, validation_fraction=0.2)
        model.fit(X, y)
        trained = [p for p in passes if p.training]
        assert len(trained) == 3 * (8 if early_stopping else 10)
        # Without early stopping there is one look at the end whether all scores are finite.
        assert len(passes) - len(trained) == (3 if early_stopping else 1)

    @both
    def test_no_parameters_of_skorch(self, cls):
        escapes = {"module", "callbacks"}  # documented
        common = {"batch_size", "device", "max_epochs", "optimizer", "verbose", "warm_start"}
        theirs = set(inspect.signature(skorch.NeuralNet).parameters) - escapes - common
        ours = set(cls().get_params(deep=True))
        assert {"criterion", "train_split", "iterator_train", "lr"} <= theirs
        assert not theirs & ours
        assert not {name for name in ours if "__" in name}


class TestUnfitted:
    @both
    def test_before_fit_and_after_clone(self, cls):
        X, y = table(cls)
        for model in (small(cls), clone(small(cls).fit(X, y))):
            assert_not_fitted(model, X)

    @both
    def test_after_a_failed_fit(self, cls):
        X, y = table(cls)
        model = small(cls, hidden_layer_sizes=(0,))
        with pytest.raises(ValueError, match="hidden_layer_sizes"):
            model.fit(X, y)
        assert_not_fitted(model, X)


def assert_not_fitted(model, X):
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(model, method)(X)
    with pytest.raises(NotFittedError):
        model.to_torch()


class TestState:
    @both
    def test_parameters_are_stored_untouched(self, cls):
        alpha = [0.2, 0.5, 0.7]
        model = small(cls, alpha=alpha)
        assert model.get_params()["alpha"] is alpha
        assert set(vars(model)) == set(model.get_params(deep=False))
        assert clone(model).get_params()["alpha"] == alpha
        kinds = {p.kind for p in inspect.signature(cls).parameters.values()}
        assert inspect.Parameter.VAR_KEYWORD not in kinds

    def test_fitted_state_is_numpy(self):
        model = small(MultiLabelFocalClassifier, warm_start=True, early_stopping=True)
        model.fit(*table(MultiLabelFocalClassifier))
        leaves = list(leaves_of(vars(model)))
        assert not any(isinstance(leaf, torch.Tensor | torch.nn.Module) for leaf in leaves)
        assert all(isinstance(value, np.ndarray) for value in model._state.values())

    @pytest.mark.slow
    @both
    def test_a_fitted_model_predicts_without_torch(self, cls, tmp_path):
        X, y = table(cls)
        settings = {"early_stopping": True, "warm_start": True, "warm_up": 1, "batch_norm": True}
        model = small(cls, **settings).fit(X, y)
        joblib.dump((model, X, model.predict_proba(X)), tmp_path / "model")
        code = (
            "import sys, joblib, numpy as np\n"
            "class Blocked:\n"
            "    def find_spec(name, path=None, target=None):\n"
            "        if name.split('.')[0] in ('torch', 'skorch'):\n"
            "            raise ModuleNotFoundError(name, name=name)\n"
            "sys.meta_path.insert(0, Blocked)\n"
            f"model, X, expected = joblib.load({str(tmp_path / 'model')!r})\n"
            "np.testing.assert_array_equal(model.predict_proba(X), expected)\n"
            "try:\n"
            "    type(model)().fit(X, X[:, 0] > X[:, 0].mean())\n"
            "except ImportError as error:\n"
            "    print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "pip install 'skfocal[neural]'" in done.stdout


def leaves_of(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves_of(item)
    else:
        yield value
