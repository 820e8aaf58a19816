"""
A threshold that keeps a promise
================================

A screening must find nine of ten of the sick, or a team can follow up on 30 alerts among 1,000
rows. Which threshold keeps that, and how sure is it?
"""

# %%
# A rare disease
# --------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

from skfocal import FocalLogisticRegression
from skfocal.decision import ConstrainedThresholdClassifierCV
from skfocal.inspection import DecisionDisplay

rng = np.random.default_rng(0)
X = rng.standard_normal((24_000, 5))
y = (rng.logistic(size=len(X)) < X @ [2, 1.5, 1, 0, 0] - 6).astype(int)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=4000, stratify=y, random_state=0
)
print(f"{y_train.sum()} positives to train on")

# %%
# The threshold is chosen on out-of-fold probabilities. With `confidence` it keeps a margin, because
# so few positives say little about the recall on new rows.
wishes = {
    "recall of 0.9": {"at_least": {"recall": 0.9}},
    "recall of 0.9, 95 % sure": {"at_least": {"recall": 0.9}, "confidence": 0.95},
    "30 alerts in 1,000": {"maximize": "recall", "at_most": {"alert_rate": 0.03}},
}
models = {
    name: ConstrainedThresholdClassifierCV(FocalLogisticRegression(), **wish).fit(X_train, y_train)
    for name, wish in wishes.items()
}
for name, model in models.items():
    decision = model.predict(X_test)
    recall, precision = decision[y_test == 1].mean(), y_test[decision == 1].mean()
    print(
        f"{name}: threshold {model.threshold_:.4f}; new rows: recall {recall:.2f}, "
        f"precision {precision:.2f}, {1000 * decision.mean():.0f} alerts in 1,000"
    )

# %%
# All thresholds
# --------------
figure, ax = plt.subplots(layout="constrained")
fitted = models["recall of 0.9"].estimator_
display = DecisionDisplay.from_estimator(fitted, X_test, y_test, ax=ax)
for name, style in zip(models, (":", "-.", "--"), strict=True):
    ax.axvline(models[name].threshold_, color="grey", linestyle=style)
    ax.text(models[name].threshold_, 0.02, name, rotation=90, ha="right", color="grey")
plt.show()

# %%
# A promise that nothing keeps is refused, with what can be reached.
both = {"at_least": {"recall": 0.9}, "at_most": {"alert_rate": 0.01}}
try:
    ConstrainedThresholdClassifierCV(FocalLogisticRegression(), **both).fit(X_train, y_train)
except ValueError as error:
    print(error)
