"""From the scores of a network to probabilities, and what early stopping watches."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from skfocal.losses import FocalLoss, get_loss, list_losses
from skfocal.model_selection import make_score
from skfocal.nn import LossModule
from skfocal.posterior import Posterior, best_constant_score
from skfocal.tasks import get_task
from tests.neural_network.networks import MULTILABEL, classes_table, small, table


@pytest.mark.parametrize("scoring", ["average_precision", "neg_log_loss"])
def test_what_early_stopping_watches_does_not_depend_on_gamma(scoring):
    rng = np.random.default_rng(0)
    risk = rng.uniform(0.01, 0.9, 40)
    target = (rng.random(40) < risk).astype(int)
    values = []
    for gamma in (0.0, 2.0, 5.0):
        for weight in (np.ones(2), np.array([0.5, 4.0])):
            loss = FocalLoss(gamma=gamma)
            # The scores at which each loss, weights included, says the same risk.
            scores = [best_constant_score(loss, [1 - p, p], weight, task="binary") for p in risk]
            score = make_score(scoring, get_task("binary"), target, None, 2)
            posterior = Posterior(loss, "binary", class_weight=weight).unweighted()
            values.append(score(posterior.mean_log_odds(np.reshape(scores, (1, -1, 1)))))
    np.testing.assert_allclose(values, values[0], rtol=1e-6)


@pytest.mark.parametrize("name", list_losses())
@pytest.mark.filterwarnings("ignore:.*has no inverse")
def test_raw_probabilities_are_the_sigmoid_of_the_network(name):
    if "multilabel" not in get_loss(name).tasks:
        pytest.skip(f"{name} is not defined for multilabel")
    X, Y = table(MULTILABEL)
    model = small(MULTILABEL, loss=name, n_members=1, probabilities="raw")
    probability = model.fit(X, Y).predict_proba(X)
    scaled = torch.from_numpy((X - model.mean_) / model.scale_).float()
    with torch.no_grad():
        scores = model.to_torch()(scaled)[0].double().numpy()
    shifted = expit(scores * model.loss_.score_scale)
    np.testing.assert_allclose(probability, shifted, rtol=1e-4, atol=1e-6)


def test_the_criterion_is_none_of_the_stock_ones():
    stock = (torch.nn.BCEWithLogitsLoss, torch.nn.BCELoss, torch.nn.NLLLoss)
    assert not issubclass(LossModule, (*stock, torch.nn.CrossEntropyLoss))


@pytest.mark.parametrize("name", list_losses())
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.filterwarnings("ignore:.*has no inverse")
def test_every_loss_gives_probabilities(name, n_classes):
    task = "binary" if n_classes == 2 else "multiclass"
    if task not in get_loss(name).tasks:
        pytest.skip(f"{name} is not defined for {task}")
    X, y = classes_table(n_classes)
    model = small(loss=name).fit(X, y)
    probability = model.predict_proba(X)
    assert np.all((probability >= 0) & (probability <= 1))
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(model.classes_[probability.argmax(axis=1)], model.predict(X))
