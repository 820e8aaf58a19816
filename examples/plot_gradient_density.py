"""
Gradient density, and what harmonising it does
==============================================

Each row acts on a model through the gradient of its loss in the score; for cross-entropy its norm
is ``g = 1 - p_t``. On an imbalanced table nearly all rows have a small g, but together they
outweigh the rest. A few rows, often mislabelled, have g near 1 whatever the model does. The
gradient-harmonised loss (GHM) weights each row by the inverse of the density of g around it, so
that all gradient magnitudes contribute equally.
"""

# %%
# A fitted model and its gradients
# --------------------------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification

from skfocal import FocalLogisticRegression
from skfocal.losses import FocalLoss, GHMLoss
from skfocal.margins import binary_margin

X, y = make_classification(
    n_samples=20_000, n_features=12, n_informative=6, weights=[0.95], flip_y=0.02, random_state=0
)
model = FocalLogisticRegression(gamma=0).fit(X, y)
margin = binary_margin(model.decision_function(X), y)

# %%
# Density, weight, and what is left
# ---------------------------------
#
# Left: the number of rows in each bin of g (note the scale), with a peak of easy rows and a small
# one of outliers. Middle: the weight of a row in each bin. Right: the total gradient of each bin,
# rows times weight times g. Cross-entropy follows the number of rows, focal loss reduces the easy
# rows and keeps the outliers at full strength, GHM reduces both peaks.
ghm = GHMLoss(bins=20)
histogram = ghm.histogram(margin)
centre = (np.arange(20) + 0.5) / 20
norm = np.where(y == 1, 1 - model.predict_proba(X)[:, 1], model.predict_proba(X)[:, 1])
pull = {
    "cross-entropy": norm,
    "focal, gamma 2": -FocalLoss(gamma=2.0).derivative(margin),
    "GHM": ghm.batch_weight(margin) * norm,
}
figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
axes[0].bar(centre, histogram.share * len(y), width=0.045)
axes[0].set(yscale="log", xlabel="gradient norm g", ylabel="rows", title="Density")
for name, strength in pull.items():
    total = np.bincount(histogram.bin, weights=strength, minlength=20)
    rows = np.bincount(histogram.bin, minlength=20)
    axes[1].plot(centre, total / np.maximum(rows, 1) / centre, marker="o", label=name)
    axes[2].plot(centre, total / total.sum(), marker="o", label=name)
axes[1].set(yscale="log", xlabel="gradient norm g", ylabel="pull / g", title="Weight of a row")
axes[2].set(xlabel="gradient norm g", ylabel="share of the total pull", title="Pull of a bin")
axes[1].legend()
plt.show()

# %%
# GHM depends on the whole batch, so there is no function of the coefficients to minimise: learners
# that follow a gradient accept it, the linear solvers refuse it and say what to use instead.
try:
    FocalLogisticRegression(loss="ghm").fit(X, y)
except ValueError as error:
    print(error)

plt.show()
