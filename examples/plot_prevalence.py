"""
The same model where events are rarer
=====================================

A model learnt from undersampled rows, or in a clinic, is used where events are much rarer. Its
ranking is good there; its probabilities are far too high. Both can be put right without new labels.
"""

# %%
# Trained on a sample, used elsewhere
# -----------------------------------
import matplotlib.pyplot as plt
import numpy as np
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.linear_model import LogisticRegression

from skfocal.inspection import CostCurveDisplay
from skfocal.posterior import HonestClassifier, adjust_prevalence, estimate_prevalence


def draw(n_rows, n_events, seed):
    """Return rows of a population with so many events."""
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1], [n_rows - n_events, n_events])
    return rng.standard_normal((n_rows, 3)) + y[:, None] * [1.2, 0.8, 0], y


X, y = draw(20_000, 2_000, seed=0)  # a clinic: one in ten
X_new, y_new = draw(20_000, 200, seed=1)  # everybody: one in a hundred

sampled = make_pipeline(RandomUnderSampler(random_state=0), LogisticRegression())
honest = HonestClassifier(sampled).fit(X, y)
print(f"clinic: {y.mean():.3f} events")
print(f"the sampled model says {sampled.fit(X, y).predict_proba(X)[:, 1].mean():.3f}")
print(f"made honest it says {honest.predict_proba(X)[:, 1].mean():.3f}")

# %%
# Another prevalence
# ------------------
#
# How rare events are elsewhere follows from the probabilities of rows without labels.
risk = honest.predict_proba(X_new)[:, 1]
found = estimate_prevalence(risk, old=y.mean(), random_state=0)
print(
    f"estimated {found.prevalence:.4f} ({found.low:.4f} to {found.high:.4f}), true {y_new.mean()}"
)
moved = adjust_prevalence(risk, old=y.mean(), new=found.prevalence)

# %%
# What it costs not to do it
# --------------------------
#
# Each point across is another ratio of costs, and the decision is the one that the probabilities
# ask for. Dashed, and the same for all three, is the cost at the best threshold.
figure, ax = plt.subplots(layout="constrained")
for name, probability in {
    "sampled": sampled.predict_proba(X_new)[:, 1],
    "honest in the clinic": risk,
    "moved": moved,
}.items():
    CostCurveDisplay.from_predictions(y_new, probability, name=name, ax=ax)
ax.set_xscale("log")
plt.show()
