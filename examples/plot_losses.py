"""
Losses and their gradients
==========================

A loss sees a row through one number, the margin: the signed score of the true class, whose
sigmoid is the probability ``p_t`` that the model gives to it. Its effect on training is in its
derivative: how strong is the gradient of a row whose true class has the probability ``p_t``?
"""

# %%
# The focal family
# ----------------
#
# Cross-entropy (gamma = 0) has the gradient ``1 - p_t``. A larger gamma reduces it for rows that
# are already right, and exceeds it for rows that are badly wrong.
import matplotlib.pyplot as plt
import numpy as np

from skfocal.inspection import LossDisplay
from skfocal.losses import FocalLoss, get_loss, list_losses

family = [FocalLoss(gamma=gamma) for gamma in (0, 0.5, 1, 2, 5)]
figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
LossDisplay.from_losses(family, ax=axes[0])
LossDisplay.from_losses(family, quantity="derivative", ax=axes[1])
axes[0].set(title="Value", ylim=(0, 3))
axes[1].set(title="Derivative: how hard a row pulls")
plt.show()

# %%
# Every loss of the registry
# --------------------------
#
# At their default parameters, for the rarer of two classes with 900 and 100 rows: some losses
# depend on the class counts of the training set.
losses = [get_loss(name).bind(np.array([900.0, 100.0])) for name in list_losses()]
figure, axes = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
styles = ["-", "--", "-.", ":"]
for number, loss in enumerate(losses):
    style = {"linestyle": styles[number % 4], "color": f"C{number}"}
    LossDisplay.from_losses(loss, ax=axes[0], **style)
    LossDisplay.from_losses(loss, quantity="derivative", ax=axes[1], **style)
axes[0].set(title="Value", ylim=(0, 3))
axes[1].set(title="Derivative: how hard a row pulls")
axes[0].get_legend().remove()

plt.show()
