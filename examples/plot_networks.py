"""
A network on a rare class: when to stop, and whether to trust it
================================================================

``FocalMLPClassifier`` takes the table as it is. Two things are worth checking after a fit: the
learning curve, and whether the predicted risks match the observed rates.
"""

# %%
# A rare class that no straight line finds
# ----------------------------------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import train_test_split

from skfocal import FocalLogisticRegression, FocalMLPClassifier
from skfocal.inspection import LearningCurveDisplay

rng = np.random.default_rng(0)
X = rng.standard_normal((12_000, 6))
log_odds = -4 + 2 * np.sin(2 * X[:, 0]) + 1.5 * X[:, 1] * X[:, 2]
y = (rng.logistic(size=len(X)) < log_odds).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"share of positives: {y.mean():.3f}")

# %%
# Epochs
# ------
#
# Early stopping holds out a tenth of the rows, monitors their average precision, which does not
# depend on gamma, and keeps the weights of the best epoch.
network = FocalMLPClassifier(early_stopping=True, max_epochs=40, random_state=0)
network.fit(X_train, y_train)
LearningCurveDisplay.from_estimator(network)

# %%
# Are the risks calibrated?
# -------------------------
#
# The focal loss pulls the predictions towards one half: the raw sigmoid of the scores is too high.
# The distortion is known, so ``predict_proba`` removes it.
linear = FocalLogisticRegression().fit(X_train, y_train)
figure, ax = plt.subplots()
for label, model in {"network": network, "linear": linear}.items():
    risk = model.predict_proba(X_test)[:, 1]
    print(
        f"{label}: average precision {average_precision_score(y_test, risk):.2f}, "
        f"log loss {log_loss(y_test, risk):.3f}"
    )
    ax.plot(*calibration_curve(y_test, risk, n_bins=10, strategy="quantile")[::-1], label=label)
raw = network.set_params(probabilities="raw").predict_proba(X_test)[:, 1]
ax.plot(*calibration_curve(y_test, raw, n_bins=10, strategy="quantile")[::-1], label="network, raw")
ax.axline((0, 0), slope=1, color="grey", linewidth=0.8)
ax.set(xlabel="predicted risk", ylabel="share of positives")
ax.legend()
plt.show()
