"""The posterior as a value: it says what the functions say, and holds what a learner needs."""

import pickle
import tracemalloc
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from scipy.special import expit, softmax

from skfocal import FocalLogisticRegression
from skfocal.losses import FocalLoss, HardTruncatedLoss, LDAMLoss, get_loss, list_losses
from skfocal.posterior import KINDS, Posterior, log_odds, probabilities_from_log_odds
from skfocal.tasks import TASKS

RNG = np.random.default_rng(0)
SCORES = {
    "binary": RNG.normal(scale=3, size=50),
    "multilabel": RNG.normal(scale=3, size=(50, 3)),
    "multiclass": RNG.normal(scale=3, size=(50, 3)),
}
WEIGHTS = {
    "binary": np.array([0.5, 4.0]),
    "multilabel": np.array([[0.5] * 3, [4.0, 2.0, 1.0]]),
    "multiclass": np.array([0.5, 1.0, 4.0]),
}


@pytest.mark.parametrize("task", list(TASKS))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", [FocalLoss(gamma=2.0), LDAMLoss()], ids=repr)
def test_it_says_what_the_functions_say(task, kind, loss):
    loss = loss.bind(100 * WEIGHTS[task])
    posterior = Posterior(loss, task, kind, WEIGHTS[task])
    expected = log_odds(loss, SCORES[task], task, kind=kind, class_weight=WEIGHTS[task])
    np.testing.assert_array_equal(posterior.log_odds(SCORES[task]), expected)
    probabilities = probabilities_from_log_odds(expected, task)
    np.testing.assert_array_equal(posterior.probabilities(SCORES[task]), probabilities)
    np.testing.assert_allclose(
        np.exp(posterior.to_log_probabilities(expected)), probabilities, rtol=1e-12
    )


@pytest.mark.parametrize("task", list(TASKS))
def test_probabilities_of_members_are_averaged(task):
    posterior = Posterior(FocalLoss(gamma=2.0), task)
    members = np.stack([SCORES[task], SCORES[task][::-1], 2 * SCORES[task]])
    each = [posterior.probabilities(member) for member in members]
    columns = members[..., None] if task == "binary" else members
    got = posterior.to_probabilities(posterior.mean_log_odds(columns))
    np.testing.assert_allclose(got, np.mean(each, axis=0), rtol=1e-12)
    one = posterior.mean_log_odds(columns[:1])
    np.testing.assert_array_equal(one, posterior.log_odds(SCORES[task]))


@pytest.mark.parametrize("name", list_losses())
def test_a_masked_class_is_as_if_absent(name):
    loss, kept = get_loss(name), [0, 2]
    if "multiclass" not in loss.tasks:
        pytest.skip("not for softmax scores")
    counts, scores = np.array([100.0, 50.0, 10.0]), SCORES["multiclass"].copy()
    scores[:, 1] = -np.inf
    kind = "weighted" if loss.bind(counts).traits.invertible else "raw"
    masked = Posterior(loss.bind(counts), "multiclass", kind).probabilities(scores)
    without = Posterior(loss.bind(counts[kept]), "multiclass", kind)
    assert np.all(masked[:, 1] == 0)
    np.testing.assert_allclose(masked[:, kept], without.probabilities(scores[:, kept]), rtol=1e-9)


def test_a_loss_without_inverse_has_raw_probabilities():
    scores = SCORES["binary"]
    posterior = Posterior(HardTruncatedLoss(), "binary")
    np.testing.assert_allclose(posterior.probabilities(scores)[:, 1], expit(scores), rtol=1e-12)
    with pytest.raises(ValueError, match="cannot be inverted: only kind='raw' is defined"):
        posterior.of_kind("posterior").log_odds(scores)
    softmax_scores = SCORES["multiclass"]
    np.testing.assert_allclose(
        Posterior(HardTruncatedLoss(), "multiclass").probabilities(softmax_scores),
        softmax(softmax_scores, axis=1),
        rtol=1e-12,
    )


def test_what_models_are_compared_by_has_no_weights_where_they_can_be_undone():
    weight = WEIGHTS["binary"]
    assert Posterior(FocalLoss(), "binary", class_weight=weight).unweighted().kind == "posterior"
    assert Posterior(FocalLoss(), "binary").unweighted().kind == "posterior"
    assert Posterior(HardTruncatedLoss(), "binary").unweighted().kind == "raw"
    nothing = np.array([0.0, 1.0])
    assert Posterior(FocalLoss(), "binary", class_weight=nothing).unweighted().kind == "raw"


def test_it_is_a_value():
    posterior = Posterior(FocalLoss(), "binary", "posterior", WEIGHTS["binary"])
    with pytest.raises(FrozenInstanceError):
        posterior.kind = "raw"
    assert posterior.of_kind("posterior") is posterior
    assert posterior.of_kind("raw").kind == "raw" and posterior.kind == "posterior"
    again = pickle.loads(pickle.dumps(posterior))
    scores = SCORES["binary"]
    np.testing.assert_array_equal(again.log_odds(scores), posterior.log_odds(scores))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("softmax", "raw"), "task must be one of .* got 'softmax'"),
        (("binary", "honest"), "kind must be one of .* got 'honest'"),
    ],
)
def test_unknown_names_are_refused_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        Posterior(FocalLoss(), *arguments)


def test_a_fitted_learner_reads_another_kind_when_asked():
    X = np.linspace(-2, 2, 200)[:, None]
    model = FocalLogisticRegression(gamma=2.0, class_weight={1: 5.0}).fit(X, X[:, 0] > 0.5)
    found = {
        kind: model.set_params(probabilities=kind).predict_proba(X)[:, 1].mean() for kind in KINDS
    }
    assert found["posterior"] < found["weighted"] and len(set(found.values())) == 3
    assert model.decision_function(X).mean() != pytest.approx(
        model.set_params(probabilities="weighted").decision_function(X).mean()
    )


@pytest.mark.parametrize("task", list(TASKS))
def test_many_rows_take_the_memory_of_what_is_returned(task):
    shape = (300_000,) if task == "binary" else (100_000, 3)
    scores = np.random.default_rng(0).normal(scale=3, size=shape)
    posterior = Posterior(FocalLoss(gamma=2.0), task, "posterior", WEIGHTS[task])
    expected = log_odds(posterior.loss, scores, task, kind="posterior", class_weight=WEIGHTS[task])
    for function, given, wanted in (
        (posterior.log_odds, scores, expected),
        (posterior.to_probabilities, expected, probabilities_from_log_odds(expected, task)),
        (posterior.to_log_probabilities, expected, None),
    ):
        tracemalloc.start()
        found = function(given)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1.2 * found.nbytes + 4e6
        if wanted is not None:
            np.testing.assert_array_equal(found, wanted)
