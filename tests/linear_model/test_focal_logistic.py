"""FocalLogisticRegression: what it computes, against scikit-learn and known posteriors."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skfocal import FocalLogisticRegression
from skfocal.losses import FocalLoss, MarginLoss, Traits
from skfocal.losses._math import cross_entropy, logistic_terms


def table(n_classes=2, n=1000, seed=0, rare=0.1):
    return make_classification(
        n_samples=n,
        n_features=8,
        n_informative=5,
        n_redundant=0,
        n_classes=n_classes,
        weights=[1 - rare] + [rare / (n_classes - 1)] * (n_classes - 1),
        random_state=seed,
    )


def exact(**parameters):
    return FocalLogisticRegression(tol=1e-10, **parameters)


def reference(**parameters):
    # lbfgs stops at 1e-5 of the coefficients whatever its tol; this one reaches it.
    return LogisticRegression(tol=1e-10, solver="newton-cholesky", max_iter=200, **parameters)


class TestZeroPoint:
    """gamma=0 is LogisticRegression."""

    @pytest.mark.parametrize("n_classes", [2, 3, 5])
    @pytest.mark.parametrize("solver", ["newton", "lbfgs"])
    @pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
    def test_coefficients(self, n_classes, solver, C):
        X, y = table(n_classes)
        # L-BFGS compares values of the objective, which limits its gradient to about 1e-8.
        tol, rtol = (1e-10, 1e-6) if solver == "newton" else (1e-7, 1e-3)
        ours = FocalLogisticRegression(gamma=0, C=C, solver=solver, tol=tol).fit(X, y)
        theirs = reference(C=C).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=rtol, atol=rtol * 1e-2)
        shift = theirs.intercept_.mean() if n_classes > 2 else 0.0
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_ - shift, rtol=rtol)

    @pytest.mark.parametrize("n_classes", [2, 3])
    @pytest.mark.parametrize(
        "options",
        [{"fit_intercept": False}, {"class_weight": "balanced"}, {"class_weight": {1: 5.0}}],
        ids=str,
    )
    def test_options_and_weights(self, n_classes, options):
        X, y = table(n_classes)
        weight = np.random.default_rng(0).random(len(y)) + 0.5
        if options.get("class_weight") == "balanced":
            weight = None  # it counts rows there; we, weights: test_weights_are_repetitions
        ours = exact(gamma=0, **options).fit(X, y, weight)
        theirs = reference(**options).fit(X, y, weight)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)

    @pytest.mark.parametrize("n_classes", [2, 3])
    @pytest.mark.parametrize("solver", ["newton", "lbfgs"])
    def test_sparse(self, n_classes, solver):
        X, y = table(n_classes)
        X[np.abs(X) < 0.8] = 0
        tol, rtol = (1e-10, 1e-6) if solver == "newton" else (1e-7, 1e-3)
        ours = FocalLogisticRegression(gamma=0, solver=solver, tol=tol)
        ours.fit(sparse.csr_array(X), y)
        np.testing.assert_allclose(ours.coef_, reference().fit(X, y).coef_, rtol=rtol, atol=1e-6)

    def test_no_penalty(self):
        X, y = table()
        ours, theirs = exact(gamma=0, C=np.inf).fit(X, y), reference(C=np.inf).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)

    def test_collinear_columns_without_penalty_stay_small(self):
        X, y = table()
        plain = exact(gamma=0, C=np.inf).fit(X, y)
        X = np.column_stack([X, X[:, 0] - X[:, 1], np.ones(len(X))])
        doubled = exact(gamma=0, C=np.inf).fit(X, y)
        np.testing.assert_allclose(doubled.predict_proba(X), plain.predict_proba(X[:, :8]))
        assert np.abs(doubled.coef_).max() < 2 * np.abs(plain.coef_).max()

    def test_unscaled_features(self):
        X, y = table()
        X = X * 10.0 ** np.arange(-4, 4) + 1e3
        ours = FocalLogisticRegression(gamma=0, C=np.inf, tol=1e-7).fit(X, y)
        scaled = exact(gamma=0, C=np.inf).fit((X - X.mean(0)) / X.std(0), y)
        np.testing.assert_allclose(ours.coef_ * X.std(0), scaled.coef_, rtol=1e-4)


class TestPosterior:
    """What predict_proba estimates."""

    def test_corrected_focal_reaches_the_log_loss_of_cross_entropy(self):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((50_000, 2))
        y = rng.random(50_000) < expit(-5.3 + 1.2 * X[:, 0] - 0.8 * X[:, 1])
        probability = {
            kind: FocalLogisticRegression(gamma=2.0, probabilities=kind).fit(X, y).predict_proba(X)
            for kind in ("raw", "weighted", "posterior")
        }
        plain = log_loss(y, FocalLogisticRegression(gamma=0).fit(X, y).predict_proba(X))
        assert log_loss(y, probability["raw"]) == pytest.approx(0.168, abs=0.01)
        assert plain == pytest.approx(0.058, abs=0.006)
        assert log_loss(y, probability["weighted"]) == pytest.approx(plain, abs=1e-3)
        np.testing.assert_array_equal(probability["weighted"], probability["posterior"])

    @pytest.mark.parametrize("gamma", [0.0, 2.0])
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_saturated_categories_give_frequencies(self, gamma, n_classes):
        # One dummy per cell: the model can be the table of frequencies itself.
        rng = np.random.default_rng(0)
        cell = rng.integers(0, 4, 4000)
        X = np.eye(4)[cell]
        chances = rng.dirichlet(np.ones(n_classes), 4)
        y = np.array([rng.choice(n_classes, p=chances[c]) for c in cell])
        model = exact(
            gamma=gamma, alpha="balanced", probabilities="posterior", C=1e8, fit_intercept=False
        ).fit(X, y)
        frequencies = np.array([np.bincount(y[cell == c], minlength=n_classes) for c in range(4)])
        frequencies = frequencies / frequencies.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(model.predict_proba(np.eye(4)), frequencies, atol=1e-5)

    def test_weighted_and_posterior_differ_by_the_weights(self):
        X, y = table()
        parameters = {"gamma": 2.0, "class_weight": {0: 1, 1: 9}}
        weighted = FocalLogisticRegression(**parameters).fit(X, y)
        posterior = FocalLogisticRegression(probabilities="posterior", **parameters).fit(X, y)
        np.testing.assert_allclose(
            weighted.decision_function(X) - np.log(9), posterior.decision_function(X), atol=1e-12
        )
        raw = FocalLogisticRegression(probabilities="raw", **parameters).fit(X, y)
        np.testing.assert_allclose(
            raw.decision_function(X), (X @ raw.coef_.T + raw.intercept_)[:, 0], rtol=1e-12
        )

    @pytest.mark.parametrize("kind", ["raw", "weighted", "posterior"])
    @pytest.mark.parametrize("n_classes", [2, 4])
    @pytest.mark.parametrize("weights", [{}, {"alpha": "balanced"}, {"class_weight": "balanced"}])
    def test_the_three_outputs_agree(self, kind, n_classes, weights):
        X, y = table(n_classes)
        X[:50] = 0.0  # ties
        model = FocalLogisticRegression(gamma=2.0, probabilities=kind, **weights).fit(X, y)
        probability, decision = model.predict_proba(X), model.decision_function(X)
        np.testing.assert_array_equal(model.classes_[probability.argmax(1)], model.predict(X))
        np.testing.assert_allclose(probability.sum(axis=1), 1.0, atol=1e-12)
        np.testing.assert_allclose(model.predict_log_proba(X), np.log(probability), atol=1e-9)
        if n_classes == 2:
            log_odds = np.log(probability[:, 1]) - np.log(probability[:, 0])
            np.testing.assert_allclose(decision, log_odds, atol=1e-9)
        else:
            np.testing.assert_allclose(decision, np.log(probability), atol=1e-9)

    def test_exact_tie_is_the_first_class(self):
        model = FocalLogisticRegression().fit([[-1.0], [1.0]], [0, 1])
        model.coef_[:], model.intercept_[:] = 0.0, 0.0
        assert model.predict_proba([[3.0]]).tolist() == [[0.5, 0.5]]
        assert model.predict([[3.0]]) == [0]

    def test_raw_softmax(self):
        X, y = table(3)
        model = FocalLogisticRegression(gamma=2.0, probabilities="raw").fit(X, y)
        scores = X @ model.coef_.T + model.intercept_
        np.testing.assert_allclose(model.predict_proba(X), softmax(scores, axis=1), rtol=1e-12)


class OneSided(MarginLoss):
    """A loss without an inverse, for tests: cross-entropy that ignores confident rows."""

    name = "one_sided"

    @property
    def traits(self):
        return Traits(convex=True, proper=False, invertible=False, smooth=False)

    def evaluate(self, margin, order=2, target=None):
        value, *slopes = cross_entropy(logistic_terms(margin), order)
        hard = margin < 3.0
        floor = np.log1p(np.exp(-3.0))
        return (np.where(hard, value - floor, 0.0), *(np.where(hard, s, 0.0) for s in slopes))


class TestAlpha:
    """alpha and class_weight in the estimator."""

    def test_float_alpha_with_more_classes(self):
        X, y = table(3)
        with pytest.raises(ValueError, match=r"3 classes.*vector.*'balanced'"):
            FocalLogisticRegression(alpha=0.25).fit(X, y)

    def test_alpha_raises_the_second_class(self):
        X, y = table()
        for labels in (y, 1 - y):  # also when classes_[1] is the common one
            means = [
                FocalLogisticRegression(gamma=0, alpha=alpha)
                .fit(X, labels)
                .decision_function(X)
                .mean()
                for alpha in (0.1, 0.5, 0.9)
            ]
            assert means[0] < means[1] < means[2]

    def test_alpha_of_half_is_no_alpha_and_a_vector_of_ones(self):
        X, y = table()
        plain = FocalLogisticRegression().fit(X, y)
        for alpha in (0.5, [1, 1], [3.0, 3.0], {0: 7.0, 1: 7.0}):
            model = FocalLogisticRegression(alpha=alpha).fit(X, y)
            np.testing.assert_array_equal(model.coef_, plain.coef_)

    def test_a_multiple_of_a_vector_changes_nothing(self):
        X, y = table(3)
        models = [
            FocalLogisticRegression(alpha=factor * np.array([1.0, 2.5, 4.0])).fit(X, y)
            for factor in (1, 4)
        ]
        np.testing.assert_array_equal(models[0].coef_, models[1].coef_)

    def test_balanced_alpha_is_balanced_class_weight(self):
        X, y = table()
        by_alpha = FocalLogisticRegression(alpha="balanced").fit(X, y)
        by_weight = FocalLogisticRegression(class_weight="balanced").fit(X, y)
        np.testing.assert_allclose(by_alpha.coef_, by_weight.coef_, rtol=1e-9)

    def test_effective_uses_beta(self):
        X, y = table(n=1000)
        counts = np.bincount(y)
        for beta in (0.9, 0.999):
            model = FocalLogisticRegression(alpha="effective", beta=beta).fit(X, y)
            expected = (1 - beta) / (1 - beta**counts)
            expected = expected * counts.sum() / (expected @ counts)
            np.testing.assert_allclose(model.class_weight_, expected, rtol=1e-9)

    def test_a_dict_of_weights_goes_by_label(self):
        X, y = table()
        labels = np.where(y == 1, "fraud", "ok")
        by_dict = FocalLogisticRegression(alpha={"ok": 1, "fraud": 10}).fit(X, labels)
        by_vector = FocalLogisticRegression(alpha=[10, 1]).fit(X, labels)
        by_code = FocalLogisticRegression(alpha={1: 1, 0: 10}).fit(X, 1 - y)
        np.testing.assert_array_equal(by_dict.coef_, by_vector.coef_)
        np.testing.assert_array_equal(by_dict.coef_, by_code.coef_)
        with pytest.raises(ValueError, match="typo"):
            FocalLogisticRegression(alpha={"typo": 1}).fit(X, labels)

    def test_class_weight_is_a_sample_weight(self):
        X, y = table()
        by_class = exact(class_weight={0: 1, 1: 3}).fit(X, y)
        by_row = exact().fit(X, y, sample_weight=np.where(y == 1, 3.0, 1.0))
        np.testing.assert_allclose(by_class.coef_, by_row.coef_, rtol=1e-9)


class TestLoss:
    """loss= by name and by instance."""

    def test_name_and_instance(self):
        X, y = table()
        by_gamma = FocalLogisticRegression(gamma=1.5).fit(X, y)
        by_instance = FocalLogisticRegression(gamma=99.0, loss=FocalLoss(gamma=1.5)).fit(X, y)
        np.testing.assert_array_equal(by_gamma.coef_, by_instance.coef_)
        cross_entropy = FocalLogisticRegression(loss="cross_entropy").fit(X, y)
        np.testing.assert_array_equal(
            cross_entropy.coef_, FocalLogisticRegression(gamma=0).fit(X, y).coef_
        )

    def test_without_an_inverse(self):
        X, y = table()
        with pytest.warns(UserWarning, match="no inverse") as caught:
            model = FocalLogisticRegression(loss=OneSided()).fit(X, y)
        assert len(caught) == 1
        scores = X @ model.coef_[0] + model.intercept_
        np.testing.assert_allclose(model.predict_proba(X)[:, 1], expit(scores), rtol=1e-12)
        with pytest.raises(ValueError, match=r"FocalLogisticRegression.*'posterior'"):
            FocalLogisticRegression(loss=OneSided(), probabilities="posterior").fit(X, y)

    def test_refused_before_work(self):
        class BinaryOnly(OneSided):
            tasks = frozenset({"binary"})

        class Batch(OneSided):
            weighs_batch = True

        X, y = table(3)
        with pytest.raises(ValueError, match="defined for binary targets, got 3 classes"):
            FocalLogisticRegression(loss=BinaryOnly()).fit(X, y)
        with pytest.raises(ValueError, match="LossModule"):
            FocalLogisticRegression(loss=Batch()).fit(X, y)


class TestSolving:
    """Solvers, starts and tolerances as the estimator uses them."""

    def test_auto_goes_by_the_number_of_coefficients(self):
        rng = np.random.default_rng(0)
        y = np.arange(40) % 2
        narrow = FocalLogisticRegression().fit(rng.standard_normal((40, 5)), y)
        wide = FocalLogisticRegression().fit(rng.standard_normal((40, 700)), y)
        assert narrow.n_iter_ < 12 < wide.n_iter_

    def test_a_sample_leads_to_the_same_minimum(self):
        X, y = table(n=40_000)
        sampled = FocalLogisticRegression(tol=1e-9, random_state=0).fit(X, y)
        direct = FocalLogisticRegression(tol=1e-9, solver="newton").fit(X, y)
        np.testing.assert_allclose(sampled.coef_, direct.coef_, atol=1e-6)
        # random_state decides which rows, and so the last digits.
        other = FocalLogisticRegression(tol=1e-3, random_state=1).fit(X, y)
        first = FocalLogisticRegression(tol=1e-3, random_state=0).fit(X, y)
        assert not np.array_equal(other.coef_, first.coef_)

    def test_warm_start_continues(self):
        X, y = table()
        model = FocalLogisticRegression(tol=1e-8, warm_start=True).fit(X, y)
        assert model.n_iter_ > 3
        again = model.fit(X, y)
        assert again.n_iter_ == 1
        model.fit(X[:, :5], y)  # another shape starts afresh
        assert model.coef_.shape == (1, 5)

    def test_not_converged(self):
        X, y = table()
        with pytest.warns(ConvergenceWarning, match="FocalLogisticRegression did not converge"):
            model = FocalLogisticRegression(max_iter=1).fit(X, y)
        assert model.n_iter_ == 1

    def test_float32_is_kept_and_close(self):
        X, y = table(n=5000)
        single = FocalLogisticRegression().fit(X.astype(np.float32), y)
        double = FocalLogisticRegression().fit(X, y)
        assert single.coef_.dtype == np.float32
        np.testing.assert_allclose(single.coef_, double.coef_, atol=1e-4)

    def test_float32_beyond_its_precision_is_silent(self):
        X, y = table(n=5000)
        FocalLogisticRegression(tol=1e-12).fit((100 * X).astype(np.float32), y)

    def test_verbose(self, capsys):
        X, y = table()
        FocalLogisticRegression().fit(X, y)
        assert capsys.readouterr() == ("", "")
        FocalLogisticRegression(verbose=1).fit(X, y)
        assert "newton: iteration" in capsys.readouterr().out


BAD_PARAMETERS = [
    ({"gamma": -1.0}, "gamma"),
    ({"gamma": np.nan}, "gamma"),
    ({"gamma": np.inf}, "gamma"),
    ({"gamma": "2"}, "gamma"),
    ({"alpha": 2.0}, "alpha"),
    ({"alpha": 0.0}, "alpha"),
    ({"alpha": np.nan}, "alpha"),
    ({"alpha": "balance"}, "alpha"),
    ({"alpha": [1.0, -1.0]}, "alpha"),
    ({"alpha": [1.0, np.inf]}, "alpha"),
    ({"alpha": [1.0, 1.0, 1.0]}, r"alpha.*2 classes.*\(3,\)"),
    ({"loss": "focl"}, "loss"),
    ({"loss": FocalLoss}, "loss"),
    ({"beta": 1.5}, "beta"),
    ({"C": 0.0}, "C"),
    ({"C": -1.0}, "C"),
    ({"class_weight": "effective"}, "class_weight"),
    ({"class_weight": {5: 1.0}}, "class_weight"),
    ({"class_weight": {1: -1.0}}, "class_weight"),
    ({"probabilities": "honest"}, "probabilities"),
    ({"class_weight": {1: 0.0}, "probabilities": "posterior"}, "posterior"),
    ({"solver": "saga"}, "solver"),
    ({"tol": -1e-3}, "tol"),
    ({"max_iter": 0}, "max_iter"),
    ({"random_state": "seed"}, "random_state"),
]


@pytest.mark.parametrize("parameters, message", BAD_PARAMETERS, ids=lambda value: str(value))
def test_bad_parameters(parameters, message):
    X, y = table()
    model = FocalLogisticRegression(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "coef_")
