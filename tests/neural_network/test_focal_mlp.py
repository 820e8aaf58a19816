"""FocalMLPClassifier: what it computes, early stopping and continuation."""

import pickle

import numpy as np
import pytest
import torch
from scipy.special import expit, logsumexp, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss
from skorch.callbacks import Callback

from skfocal import FocalLogisticRegression
from skfocal.losses import CrossEntropyLoss, FocalLoss, get_loss, list_losses
from skfocal.model_selection import class_split
from skfocal.neural_network import FocalMLPClassifier
from skfocal.neural_network._budget import BUDGET
from skfocal.neural_network._scaling import fit_scaling
from skfocal.nn import DeferredReweighting, GammaSchedule, LossModule, WarmUp, score_gradient
from tests.neural_network.networks import classes_table, small

# A network that is a linear model, trained until it is that model's minimum.
LINEAR = {
    "hidden_layer_sizes": (),
    "n_members": 1,
    "numeric_embedding": None,
    "weight_decay": 0.0,
    "learning_rate_init": 0.3,
    "learning_rate": "cosine",
    "batch_size": 400,
    "max_epochs": 250,
    "calibrate_intercept": False,
    "random_state": 0,
}
FULL_BATCH = {
    "dropout": 0.0,
    "batch_size": 10_000,
    "learning_rate": "constant",
    "calibrate_intercept": False,  # partial_fit has none
}


class TestObjective:
    @pytest.mark.parametrize("gamma", [0.0, 2.0])
    @pytest.mark.parametrize("alpha", [None, "balanced"])
    def test_without_hidden_layers_it_is_the_linear_model(self, gamma, alpha):
        X, y = classes_table(n=400, rare=0.2)
        linear = FocalLogisticRegression(gamma, alpha, C=np.inf).fit(X, y)
        network = FocalMLPClassifier(
            gamma,
            alpha,
            **LINEAR,
        ).fit(X, y)
        np.testing.assert_allclose(network.predict_proba(X), linear.predict_proba(X), atol=2e-3)

    def test_multiclass_linear_model(self):
        X, y = classes_table(3, n=300)
        linear = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(X, y)
        network = FocalMLPClassifier(
            0.0,
            **LINEAR,
        ).fit(X, y)
        np.testing.assert_allclose(network.predict_proba(X), linear.predict_proba(X), atol=3e-3)

    def test_learns_what_a_linear_model_cannot(self):
        rng = np.random.default_rng(0)
        X = rng.uniform(-1, 1, (1500, 2))
        y = (np.abs(X).sum(axis=1) < 0.35).astype(int)
        model = FocalMLPClassifier(n_members=2, hidden_layer_sizes=(16,), random_state=0)
        probability = model.fit(X[:1000], y[:1000]).predict_proba(X[1000:])[:, 1]
        assert average_precision_score(y[1000:], probability) > 0.9
        assert log_loss(y[1000:], probability) < 0.1  # the share of positives alone: 0.23

    def test_probabilities_are_honest_at_gamma_2(self):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((4000, 1))
        risk = expit(-3 + X[:, 0])
        y = (rng.random(4000) < risk).astype(int)
        model = small(gamma=2.0, max_epochs=15, learning_rate_init=0.01, numeric_embedding=None)
        model.fit(X, y)
        assert np.abs(model.predict_proba(X)[:, 1] - risk).mean() < 0.015
        raw = model.set_params(probabilities="raw").predict_proba(X)[:, 1]
        assert np.abs(raw - risk).mean() > 0.1

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_members_probabilities_are_averaged(self, n_classes):
        X, y = classes_table(n_classes)
        model = small(gamma=0.0, calibrate_intercept=False).fit(X, y)
        scaled = torch.from_numpy(((X - model.mean_) / model.scale_).astype(np.float32))
        with torch.no_grad():
            scores = model.to_torch()(scaled).double().numpy()
        assert scores.shape == (2, 200, 1 if n_classes == 2 else 3)
        mean = (expit if n_classes == 2 else lambda z: softmax(z, axis=-1))(scores).mean(axis=0)
        np.testing.assert_allclose(
            model.predict_proba(X)[:, -mean.shape[1] :], mean, rtol=1e-4, atol=1e-6
        )
        decision = model.decision_function(X)
        if n_classes == 3:
            np.testing.assert_allclose(logsumexp(decision, axis=1), 0, atol=1e-12)
        else:
            np.testing.assert_allclose(expit(decision), model.predict_proba(X)[:, 1], rtol=1e-9)

    def test_starts_at_the_prior(self):
        X, y = classes_table(rare=0.1)
        start = {"learning_rate_init": 1e-9, "max_epochs": 1, "calibrate_intercept": False}
        model = small(gamma=0.0, **start).fit(X, y)
        np.testing.assert_allclose(model.predict_proba(X)[:, 1].mean(), y.mean(), rtol=0.2)
        flat = small(gamma=0.0, initial_bias=None, **start)
        assert flat.fit(X, y).predict_proba(X)[:, 1].mean() == pytest.approx(0.5, abs=0.1)

    def test_weight_decay_leaves_the_output_bias(self):
        X, y = classes_table(rare=0.1)
        # Steps of rate 1e-9 learn nothing, but shrink by 1 - 1e-9 * 1e8 each.
        tiny = {"learning_rate_init": 1e-9, "learning_rate": "constant", "batch_size": 256}
        model = small(weight_decay=1e8, **tiny)
        before = small(weight_decay=0.0, **tiny).fit(X, y).to_torch()
        after = model.fit(X, y).to_torch()
        torch.testing.assert_close(after.weights[0], 0.9**3 * before.weights[0])
        torch.testing.assert_close(after.biases[-1], before.biases[-1])

    @pytest.mark.parametrize(
        "n_rows, n_epochs, n_batches",
        [(200, 20, 7), (3000, 20, 40), (12_000, 17, 47), (100_000, 2, 391), (300_000, 1, 1172)],
    )
    def test_auto_is_about_800_steps_but_at_most_20_epochs(self, n_rows, n_epochs, n_batches):
        batch_size = BUDGET.batch_size(n_rows)
        assert -(-n_rows // batch_size) == n_batches
        assert BUDGET.n_epochs(n_rows, batch_size) == n_epochs

    def test_auto_is_what_fit_does(self):
        X, y = classes_table(n=3000)
        settings = {"max_epochs": "auto", "hidden_layer_sizes": (), "n_members": 1}
        auto = small(numeric_embedding=None, **settings).fit(X, y)
        assert auto.n_epochs_ == len(auto.loss_curve_) == 20
        told = small(numeric_embedding=None, **settings, batch_size=75).fit(X, y)
        np.testing.assert_array_equal(told.predict_proba(X), auto.predict_proba(X))
        # A batch size of one's own has the budget of steps too.
        assert BUDGET.n_epochs(3000, 3000) == 20
        assert small(**settings, batch_size=10).fit(X, y).n_epochs_ == 3

    @pytest.mark.slow
    @pytest.mark.parametrize("rate", ["constant", "linear", "cosine", "one-cycle"])
    @pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
    def test_every_optimizer_and_rate_learns(self, rate, optimizer):
        X, y = classes_table()
        model = small(
            optimizer=optimizer, learning_rate=rate, learning_rate_init=0.05, max_epochs=30
        ).fit(X, y)
        assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0]

    @pytest.mark.parametrize("name", list_losses())
    @pytest.mark.parametrize("task", ["binary", "multilabel", "multiclass"])
    def test_gradient_is_that_of_the_criterion(self, name, task):
        if task not in get_loss(name).tasks:
            pytest.skip(f"{name} is not defined for {task}")
        random = torch.Generator().manual_seed(0)
        n_scores = {"binary": 1, "multilabel": 3, "multiclass": 4}[task]
        counts = {"binary": [90, 10], "multilabel": [[90] * 3, [10] * 3]}.get(task, [50, 30, 20, 9])
        criterion = LossModule(
            get_loss(name).bind(np.array(counts, dtype=float)),
            task,
            class_weight=torch.linspace(0.5, 2, 4 if task == "multiclass" else 2),
            reduction="sum",
        )
        shape = (12, 3) if task == "multilabel" else (12,)
        target = torch.randint(0, 4 if task == "multiclass" else 2, shape, generator=random)
        weight = torch.rand(12, generator=random)
        scores = torch.randn(2, 12, n_scores, generator=random)
        loss, gradient = score_gradient(criterion, scores.clone(), target, weight)
        again = scores.requires_grad_()
        # Each member learns as it would alone, also where rows weigh each other.
        expected = sum(
            criterion(member[:, 0] if task == "binary" else member, target, weight)
            for member in again
        )
        expected = expected / target.numel()
        expected.backward()
        torch.testing.assert_close(loss, expected.detach())
        torch.testing.assert_close(gradient, again.grad)


class TestRows:
    def test_every_row_once_an_epoch_in_changing_order(self):
        from skfocal.neural_network.training._batches import RowBatches

        X = np.arange(50, dtype=float)[:, None]
        batches = RowBatches(
            X,
            np.arange(50),
            None,
            scaling=fit_scaling(X, None, standardize=False, centre=True),
            thin=False,
            batch_size=16,
            generator=torch.Generator().manual_seed(0),
            device=torch.device("cpu"),
        )
        orders = []
        for _ in range(2):
            parts = list(batches)
            assert [len(target) for _, target, _ in parts] == [13, 13, 12, 12]
            for rows, target, _ in parts:
                assert torch.equal(rows[:, 0], target.float())
            orders.append(torch.cat([target for _, target, _ in parts]).tolist())
        assert sorted(orders[0]) == sorted(orders[1]) == list(range(50))
        assert orders[0] != orders[1]

    def test_scaling(self):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((500, 3)) * [1, 100, 0] + [1e8, -5, 0.1]
        weight = rng.integers(0, 3, 500).astype(float)
        repeated = np.repeat(X, weight.astype(int), axis=0)
        scaling = fit_scaling(X, weight, standardize=True, centre=True)
        np.testing.assert_allclose(scaling.mean, repeated.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(scaling.scale[:2], repeated.std(axis=0)[:2], rtol=1e-6)
        assert scaling.scale[2] == 1
        assert np.abs(scaling.apply(X)[:, 0]).max() < 5  # the offset has not eaten the variation


class TestEarlyStopping:
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_best_weights_are_restored(self, n_classes):
        X, y = classes_table(n_classes, n=400)
        X_val, y_val = X[300:], y[300:]
        model = small(
            early_stopping=True,
            max_epochs=40,
            n_iter_no_change=3,
            learning_rate_init=0.05,
            calibrate_intercept=False,
        ).fit(X[:300], y[:300], X_val=X_val, y_val=y_val)
        best = np.argmax(model.validation_scores_)
        assert model.best_epoch_ == best + 1 < model.n_epochs_ <= 40
        probability = model.predict_proba(X_val)
        score = np.mean(
            [
                average_precision_score(y_val == k, probability[:, k])
                for k in ([1] if n_classes == 2 else range(3))
            ]
        )
        assert score == pytest.approx(model.validation_scores_[best], abs=1e-6)

    def test_log_loss_scoring_and_fallback(self):
        X, y = classes_table(n=300)
        one_class = np.flatnonzero(y[200:] == 0) + 200
        for rows, scoring in ((slice(200, 300), "neg_log_loss"), (one_class, "average_precision")):
            model = small(
                early_stopping=True, scoring=scoring, alpha=0.7, calibrate_intercept=False
            ).fit(X[:200], y[:200], X_val=X[rows], y_val=y[rows])
            honest = model.set_params(probabilities="posterior").predict_proba(X[rows])
            expected = -log_loss(y[rows], honest, labels=[0, 1])
            assert max(model.validation_scores_) == pytest.approx(expected, abs=1e-6)

    def test_held_out_rows_are_not_trained_on(self):
        X, y = classes_table()
        model = small(early_stopping=True, validation_fraction=0.25)
        rows = class_split(y, 0.25, np.random.default_rng(model._draw_seed()))
        changed = X.copy()
        changed[rows[1]] = 0.0
        np.testing.assert_array_equal(
            model.fit(X, y).mean_, small(early_stopping=False).fit(X[rows[0]], y[rows[0]]).mean_
        )
        state = model.set_params(max_epochs=1)._network.state
        again = small(early_stopping=True, validation_fraction=0.25, max_epochs=1)
        first = again.fit(X, y)._network.state
        second = again.fit(changed, y)._network.state
        np.testing.assert_array_equal(second["weights.0"], first["weights.0"])
        assert set(state) == set(first)


class TestSchedules:
    def test_warm_up_is_cross_entropy_first(self):
        X, y = classes_table()
        warm = small(warm_up=3, max_epochs=3).fit(X, y)
        plain = small(gamma=0.0, max_epochs=3).fit(X, y)
        assert isinstance(warm.loss_, CrossEntropyLoss)
        np.testing.assert_allclose(warm.predict_proba(X), plain.predict_proba(X), atol=1e-6)
        assert isinstance(small(warm_up=2).fit(X, y).loss_, FocalLoss)

    def test_loss_and_weights_are_those_of_the_best_epoch(self):
        X, y = classes_table(n=300)
        schedule = GammaSchedule(start=0.0, stop=2.0, epochs=10)
        model = small(
            warm_up=schedule,
            early_stopping=True,
            max_epochs=30,
            n_iter_no_change=4,
            learning_rate_init=0.05,
        ).fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
        assert model.loss_.gamma == pytest.approx(min((model.best_epoch_ - 1) / 10, 1) * 2)
        late = small(warm_up=DeferredReweighting(5), alpha=0.9).fit(X, y)
        np.testing.assert_array_equal(late.class_weight_, 1)
        assert small(warm_up=WarmUp(1), alpha=0.9).fit(X, y).class_weight_[1] > 1


class TestContinuation:
    def test_warm_start(self):
        X, y = classes_table()
        whole = small(**FULL_BATCH, max_epochs=10).fit(X, y)
        halves = small(**FULL_BATCH, max_epochs=5, warm_start=True)
        first = halves.fit(X, y).predict_proba(X)
        halves.fit(X, y)
        np.testing.assert_allclose(halves.predict_proba(X), whole.predict_proba(X), atol=1e-5)
        assert np.abs(first - whole.predict_proba(X)).max() > 1e-4
        assert halves.n_epochs_ == len(halves.loss_curve_) == 10
        halves.set_params(warm_start=False).fit(X, y)
        np.testing.assert_allclose(halves.predict_proba(X), first, atol=1e-7)

    def test_partial_fit(self):
        X, y = classes_table()
        whole = small(**FULL_BATCH, max_epochs=10).fit(X, y)
        parts = small(**FULL_BATCH)
        for _ in range(10):
            parts.partial_fit(X, y, classes=[0, 1])
        np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=1e-5)

    def test_partial_fit_knows_all_classes(self):
        X, _ = classes_table()
        y = np.arange(len(X)) % 2
        model = small().partial_fit(X, y, classes=range(10))
        probability = model.predict_proba(X)
        assert probability.shape == (200, 10)
        np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-12)
        mean = model.mean_.copy()
        model.partial_fit(X + 1, y + 7)
        np.testing.assert_array_equal(model.mean_, mean)
        with pytest.raises(ValueError, match=r"\[10, 11\]"):
            model.partial_fit(X, y + 10)
        with pytest.raises(ValueError, match="first call"):
            model.partial_fit(X, y, classes=[0, 1])

    def test_partial_fit_refuses(self):
        X, y = classes_table()
        for parameters in ({"alpha": "balanced"}, {"class_weight": "balanced"}):
            with pytest.raises(AttributeError) as caught:
                small(**parameters).partial_fit(X, y, classes=[0, 1])
            assert "whole training set" in str(caught.value.__cause__)
        for classes in (None, [1]):
            with pytest.raises(ValueError, match="at least two"):
                small().partial_fit(X, y, classes=classes)

    def test_moments_belong_to_names(self):
        # Without decay there is one group of parameters, with it two: the order differs.
        X, y = classes_table()
        settings = {"warm_start": True, "learning_rate": "constant", "dropout": 0.0}
        model = small(weight_decay=0.0, **settings).fit(X, y)
        same = small(weight_decay=0.0, **settings).fit(X, y).fit(X, y)
        other = model.set_params(weight_decay=1e-12).fit(X, y)
        np.testing.assert_allclose(other.predict_proba(X), same.predict_proba(X), atol=1e-6)

    @pytest.mark.parametrize("how", ["warm_start", "partial_fit"])
    def test_a_divergence_can_be_recovered_from(self, how):
        X, y = classes_table()
        model = small(warm_start=True, learning_rate="constant")

        class Breaking(Callback):
            def on_grad_computed(self, net, named_parameters, **kwargs):
                for _, value in named_parameters:
                    value.grad.fill_(np.nan)

        if how == "partial_fit":
            model.partial_fit(X, y, classes=[0, 1]).set_params(callbacks=[Breaking()])
            with pytest.warns(ConvergenceWarning):
                model.partial_fit(X, y)
            model.set_params(callbacks=None).partial_fit(X, y)
            assert model.n_epochs_ == 2
        else:
            model.set_params(optimizer="sgd", learning_rate_init=1e15)
            with pytest.warns(ConvergenceWarning):
                model.fit(X, y)
            done = model.n_epochs_
            model.set_params(learning_rate_init=1e-3).fit(X, y)
            assert model.n_epochs_ == done + 3
        assert np.all(np.isfinite(model.loss_curve_))

    def test_a_failed_continuation_changes_nothing(self):
        X, y = classes_table()
        model = small(warm_start=True).fit(X, y)
        before = pickle.dumps(model._optimizer_state), model.predict_proba(X)

        class Failing(Callback):
            def on_epoch_end(self, net, **kwargs):
                raise RuntimeError("no disk")

        with pytest.raises(RuntimeError, match="no disk"):
            model.set_params(callbacks=[Failing()]).fit(X, y)
        assert pickle.dumps(model._optimizer_state) == before[0]
        np.testing.assert_array_equal(model.predict_proba(X), before[1])

    def test_an_interrupt_at_once_keeps_the_loss_of_the_weights(self):
        X, y = classes_table()
        model = small(warm_start=True, warm_up=1, gamma=3.0).fit(X, y)
        before = model.predict_proba(X)

        class Interrupting(Callback):
            def on_batch_end(self, net, **kwargs):
                raise KeyboardInterrupt

        with pytest.warns(UserWarning, match="a callback, after 0 epochs"):
            model.set_params(callbacks=[Interrupting()]).fit(X, y)
        assert repr(model.loss_) == repr(FocalLoss(gamma=3.0))
        np.testing.assert_allclose(model.predict_proba(X), before)

    def test_another_optimizer_begins_with_no_moments(self):
        X, y = classes_table()
        model = small(warm_start=True, optimizer="sgd").fit(X, y)
        assert model.set_params(optimizer="adamw").fit(X, y).n_epochs_ == 6

    def test_scores_that_are_not_finite_are_a_divergence(self):
        X, y = classes_table()
        model = small(
            hidden_layer_sizes=(8, 8), max_epochs=1, learning_rate_init=1e25, batch_size=1000,
            learning_rate="constant", early_stopping=True,
        )  # fmt: skip
        with pytest.warns(ConvergenceWarning):
            model.fit(X, y)
        assert np.all(np.abs(model.decision_function(X)) < 100)

    def test_dropout_of_nearly_all(self):
        assert np.all(
            np.isfinite(
                small(dropout=0.999).fit(*classes_table()).predict_proba(classes_table()[0])
            )
        )

    def test_of_equal_scores_the_last_weights_are_kept(self):
        X = np.r_[np.full((50, 1), -1.0), np.full((50, 1), 1.0)]
        y = (X[:, 0] > 0).astype(int)
        model = small(early_stopping=True, max_epochs=6, n_iter_no_change=6).fit(X, y)
        assert set(model.validation_scores_[1:]) == {1.0}
        assert model.best_epoch_ == 6


class TestDevice:
    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")
    def test_cuda(self):
        X, y = classes_table()
        model = small(device="cuda", batch_size=50).fit(X, y)
        expected = small(device="cpu", batch_size=50, dropout=0.0).fit(X, y)
        again = small(device="cuda", batch_size=50, dropout=0.0).fit(X, y)
        np.testing.assert_allclose(again.predict_proba(X), expected.predict_proba(X), atol=1e-4)
        assert all(isinstance(value, np.ndarray) for value in model._network.state.values())
