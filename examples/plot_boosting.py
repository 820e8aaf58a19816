"""
Boosted trees in honest log-odds
================================

``FocalBoostingClassifier`` boosts the log-odds of the event and not the score of the loss. What
that means for its risks on fresh rows, and for the engine that grew the trees.
"""

# %%
# A rare class, and rows that no tree has seen
# --------------------------------------------
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, log_loss

from skfocal import FocalBoostingClassifier


def draw(n_rows):
    X = rng.standard_normal((n_rows, 6))
    log_odds = -5 + 2 * np.sin(2 * X[:, 0]) + 1.5 * X[:, 1] * X[:, 2]
    return X, (rng.logistic(size=n_rows) < log_odds).astype(int)


rng = np.random.default_rng(0)
X, y = draw(10_000)
X_new, y_new = draw(50_000)
print(f"event rate: {y_new.mean():.4f}")

# %%
# The mean risk is the event rate, at any gamma
# ---------------------------------------------
#
# Trees overfit, and then read too low on new rows. ``calibrate_intercept``, on by default, fits one
# constant on rows that did not grow the trees. What focal loss elsewhere takes for a risk, the
# sigmoid of its score, is ``probabilities="raw"``.
figure, ax = plt.subplots()
for label, settings in {
    "gamma 0": {"gamma": 0.0},
    "gamma 2": {"gamma": 2.0},
    "gamma 2, without the constant": {"gamma": 2.0, "calibrate_intercept": False},
    "gamma 2, raw": {"gamma": 2.0, "probabilities": "raw"},
}.items():
    model = FocalBoostingClassifier(
        n_estimators=100, learning_rate=0.1, random_state=0, **settings
    ).fit(X, y)
    risk = model.predict_proba(X_new)[:, 1]
    print(
        f"{label}: mean risk {risk.mean():.4f}, log loss {log_loss(y_new, risk):.4f}, "
        f"average precision {average_precision_score(y_new, risk):.3f}"
    )
    ax.plot(*calibration_curve(y_new, risk, n_bins=10, strategy="quantile")[::-1], label=label)
ax.axline((1e-3, 1e-3), (1, 1), color="grey", linewidth=0.8)
ax.set(xscale="log", yscale="log", xlabel="predicted risk", ylabel="share of events")
ax.legend()
plt.show()

# %%
# The engine holds an ordinary model
# ----------------------------------
#
# What was trained is a model of log loss to everyone else: its own risks are ours, and explainers
# and exporters need to know nothing of focal loss.
model = FocalBoostingClassifier(gamma=2.0, n_estimators=100, random_state=0).fit(X, y)
same = np.allclose(model.booster_.predict_proba(X_new), model.predict_proba(X_new))
print(f"{type(model.booster_).__name__} agrees: {same}")

# %%
# Which rows a gamma attends to
# -----------------------------
#
# In log-odds a loss is log loss times a weight W. At gamma = 2 rows at a risk of 0.1 % count
# most, and those near one half least: the opposite of what focusing does to the score.
odds = np.linspace(-8, 8, 400)
figure, ax = plt.subplots()
for gamma in (0.0, 1.0, 2.0, 5.0):
    trees = FocalBoostingClassifier(gamma=gamma, n_estimators=1, calibrate_intercept=False)
    loss = trees.fit(X, y).loss_
    # The gradient of a negative over its log loss, by differences of score and log-odds.
    score = np.linspace(-8, 8, 4001)
    reached = score + loss.log_odds_shift(score)
    slope = -loss.derivative(-score) / np.gradient(reached, score)
    weight = np.interp(odds, reached, slope / expit(reached))
    ax.plot(odds, weight / np.interp(0.0, odds, weight), label=f"gamma {gamma:g}")
ax.set(yscale="log", xlabel="log-odds", ylabel="weight of a row, relative to log-odds of 0")
ax.legend()
plt.show()
