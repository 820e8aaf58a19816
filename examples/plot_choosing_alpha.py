"""
Choosing alpha when gamma is positive
=====================================

A widely read article on focal loss advises giving the *common* class the larger alpha when
gamma > 0 (the paper itself found 0.25 for the rare one): focusing down-weights easy rows, most of
which belong to the common class, so little weight is left there. The advice is about decisions at
a score of 0. Here we test it on data, and compare it with moving the threshold of the recovered
probabilities, which answers the same question without another fit.
"""

# %%
# A table with 3 % positives
# --------------------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import train_test_split

from skfocal import FocalLogisticRegression

X, y = make_classification(
    n_samples=20_000, n_features=12, n_informative=6, weights=[0.97], flip_y=0.01, random_state=1
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# F1 at the raw decision, by alpha
# --------------------------------
#
# ``alpha`` is the weight of the positive class, ``1 - alpha`` that of the other. The raw decision
# is ``sigmoid(score) > 0.5``, as in most focal-loss code.
alphas = np.array([0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9])
gammas = [0.0, 1.0, 2.0, 5.0]
f1 = {}
precision = {}
for gamma in gammas:
    models = [
        FocalLogisticRegression(gamma=gamma, alpha=alpha, probabilities="raw").fit(X_train, y_train)
        for alpha in alphas
    ]
    f1[gamma] = [f1_score(y_test, model.predict(X_test)) for model in models]
    precision[gamma] = [
        average_precision_score(y_test, model.decision_function(X_test)) for model in models
    ]
    best = alphas[int(np.argmax(f1[gamma]))]
    print(f"gamma {gamma:g}: best alpha {best:g}, F1 {max(f1[gamma]):.3f}")

# %%
# On this table the advice does not hold: the best alpha is above one half for every gamma, and a
# small alpha costs more F1 the larger gamma is. All values of alpha rank the rows almost the same
# way: average precision hardly changes along a curve. Alpha changes the decision, not the model.
figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for gamma in gammas:
    axes[0].plot(alphas, f1[gamma], marker="o", label=f"gamma = {gamma:g}")
    axes[1].plot(alphas, precision[gamma], marker="o", label=f"gamma = {gamma:g}")
axes[0].set(xlabel="alpha (weight of the positives)", ylabel="F1 at the raw decision")
axes[1].set(xlabel="alpha (weight of the positives)", ylabel="average precision", ylim=(0, 1))
axes[0].legend()
plt.show()

# %%
# The threshold does the same
# ---------------------------
#
# One fit without alpha, and a threshold chosen on the recovered probabilities of the training rows.
model = FocalLogisticRegression(gamma=2.0).fit(X_train, y_train)
thresholds = np.linspace(0.05, 0.95, 91)
train = model.predict_proba(X_train)[:, 1]
threshold = thresholds[np.argmax([f1_score(y_train, train > t) for t in thresholds])]
moved = f1_score(y_test, model.predict_proba(X_test)[:, 1] > threshold)
print(f"gamma 2, no alpha, threshold {threshold:.2f}: F1 {moved:.3f}")

# %%
# Many classes
# ------------
#
# A float alpha has no meaning for more than two classes. The article's vector gives one class
# ``alpha`` and all others ``1 - alpha``; the message says how to write it.
three = np.where((y == 1) & (X[:, 0] > 0), 2, y)
try:
    FocalLogisticRegression(alpha=0.25).fit(X, three)
except ValueError as error:
    print(error)
FocalLogisticRegression(alpha=[0.25, 0.75, 0.75]).fit(X, three)

plt.show()
