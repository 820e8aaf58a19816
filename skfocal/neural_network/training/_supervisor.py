"""From epoch to epoch: learning rate, loss, early stopping, and the weights that are kept."""

from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback
from torch import Tensor
from tqdm import tqdm

from skfocal.neural_network._optimization import LEARNING_RATES
from skfocal.neural_network._settings import Snapshot, TrainingResult, TrainingSettings
from skfocal.neural_network.training._validation import Evaluate
from skfocal.nn import AttachedSchedule


class StopTraining(KeyboardInterrupt):
    """Ends the epochs; skorch's callbacks stop a net by this kind of exception."""


class Supervisor(Callback):
    """Sets the learning rate and the loss, watches the epochs and keeps the best weights.

    Parameters
    ----------
    settings : TrainingSettings
    n_batches : int
        Batches of an epoch.
    first_epoch : int
        Epochs of earlier trainings that this one continues.
    schedule : AttachedSchedule or None
    evaluate : callable or None
        See :func:`make_evaluator`.

    Attributes
    ----------
    result : TrainingResult
        From the beginning of the training on, filled from epoch to epoch.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        *,
        n_batches: int,
        first_epoch: int,
        schedule: AttachedSchedule | None,
        evaluate: Evaluate | None,
    ) -> None:
        self.settings = settings
        self.n_batches = n_batches
        self.first_epoch = first_epoch
        self.schedule = schedule
        self.evaluate = evaluate
        self.result: TrainingResult
        self._step = self._stale = 0
        self._threshold = -np.inf
        self._bar = tqdm(total=settings.epochs, unit="epoch", disable=not settings.verbose)
        self._last: Snapshot

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Keep the initial weights, in case that nothing better comes."""
        if self.schedule is not None and self.first_epoch:
            # They were reached with the loss of the epoch before.
            self.schedule.step(self.first_epoch - 1)
        self._last = self._snapshot(net, self.first_epoch)
        self.result = TrainingResult(self._last)

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Keep the last weights, after a look at what they make of the first rows."""
        if self.evaluate is None and not self.result.diverged:
            net.module_.load_state_dict(self._last.state)
            net.module_.eval()
            with torch.no_grad():
                scores = net.module_(X.take(torch.arange(min(X.n_rows, 256))))
            self.result.diverged = not bool(torch.isfinite(scores).all())
            if not self.result.diverged:
                self.result.best = self._last

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Set the loss of the epoch."""
        if self.schedule is not None:
            self.schedule.step(self.first_epoch + len(self.result.loss_curve))

    def on_batch_begin(self, net: Any, batch: Any = None, training: Any = None, **kw: Any) -> None:
        """Set the learning rate of the step."""
        if self.settings.learning_rate != "constant":
            done = self._step / (self.settings.epochs * self.n_batches)
            for group in net.optimizer_.param_groups:
                group["lr"] = net.lr * LEARNING_RATES[self.settings.learning_rate](done)
        self._step += 1

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Keep the weights if they are good, and stop if it gets no better."""
        result = self.result
        loss, weights = net.history[-1]["train_loss"], list(net.module_.parameters())
        if not np.isfinite(loss) or not _is_finite(weights):
            result.diverged = True
            raise StopTraining
        result.loss_curve.append(loss)
        n_epochs = self.first_epoch + len(result.loss_curve)
        self._bar.update()
        if self.evaluate is None:
            # Weights can be finite and their scores not: those of the epoch before have just
            # been seen to work.
            result.best, self._last = self._last, self._snapshot(net, n_epochs)
            return
        score = self.evaluate(net.module_, net.criterion_)
        if score == -np.inf:  # of scores that are not finite
            result.diverged = True
            raise StopTraining
        # Ties go to the later epoch: a ranking that cannot improve may hide that the rest does.
        if score >= max(result.validation_scores, default=-np.inf):
            result.best = self._snapshot(net, n_epochs)
        result.validation_scores.append(score)
        self._stale = 0 if score > self._threshold + self.settings.tol else self._stale + 1
        self._threshold = max(self._threshold, score)
        if self._stale >= self.settings.n_iter_no_change:
            raise StopTraining

    def close(self) -> None:
        """Remove the progress bar."""
        self._bar.close()

    def _snapshot(self, net: Any, n_epochs: int) -> Snapshot:
        # On the device: only what is kept in the end is brought back.
        state = {name: value.clone() for name, value in net.module_.state_dict().items()}
        return Snapshot(state, net.criterion_.loss, net.criterion_.reweighted, n_epochs)


def _is_finite(values: list[Tensor]) -> bool:
    # One number comes back from the device, not one for each tensor.
    return bool(torch.isfinite(torch.stack([value.detach().sum() for value in values]).sum()))
