"""
What errors cost decides
========================

A missed fraud costs 50, a false alarm 1. Which model and which threshold is the cheapest? With
honest probabilities the threshold follows from the costs; with resampling it does not.
"""

# %%
# Models with the same ranking
# ----------------------------
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from skfocal import FocalLogisticRegression
from skfocal.decision import CostSensitiveClassifier, expected_cost_score
from skfocal.posterior import HonestClassifier

rng = np.random.default_rng(0)
X = rng.standard_normal((20_000, 5))
y = (rng.logistic(size=len(X)) < X @ [1.5, 1, 0.5, 0, 0] - 5).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
costs = {"fn": 50, "fp": 1}
balanced = LogisticRegression(class_weight="balanced")
models = {
    "focal": FocalLogisticRegression(gamma=2),
    "balanced weights": balanced,
    "balanced, undone": HonestClassifier(balanced, trained_class_weight="balanced"),
}
# The second one is warned of: its probabilities are not honest.
warnings.simplefilter("ignore", UserWarning)
for label, model in models.items():
    for name, decide in {"0.5": model, "by costs": CostSensitiveClassifier(model, costs)}.items():
        decision = decide.fit(X_train, y_train).predict(X_test)
        cost = 1000 * expected_cost_score(y_test, decision, costs=costs)
        print(f"{label}, threshold {name}: {cost:.0f} per 1,000 rows")

# %%
# The cost of every threshold
# ---------------------------
#
# All can reach the same cost. Only the honest ones say where.
figure, ax = plt.subplots(layout="constrained")
thresholds = np.logspace(-3, -0.01, 60)
for label, model in models.items():
    risk = model.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    spent = [
        1000 * expected_cost_score(y_test, (risk > threshold).astype(int), costs=costs)
        for threshold in thresholds
    ]
    ax.semilogx(thresholds, spent, label=label)
ax.axvline(1 / 51, color="grey", linestyle="--", label="what the costs ask for")
ax.set(xlabel="threshold", ylabel="cost per 1,000 rows")
ax.legend()
plt.show()
