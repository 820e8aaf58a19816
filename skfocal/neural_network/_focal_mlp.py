"""Multilayer perceptron with a focal loss, or any other loss of the margin."""

from functools import partial

import numpy as np
from sklearn.utils.metaestimators import available_if

from skfocal._classifier import SingleLabelClassifier, Target
from skfocal.losses._math import add_half_rows
from skfocal.model_selection import class_folds, class_split
from skfocal.neural_network._base import NeuralClassifier
from skfocal.neural_network._docs import documented
from skfocal.neural_network._parameters import fits_in_parts
from skfocal.neural_network._settings import Rows
from skfocal.tasks import task_of
from skfocal.utils._compat import _fit_context
from skfocal.utils._labels import encode_known
from skfocal.utils._validation import drop_weightless
from skfocal.weights import class_counts


@documented
class FocalMLPClassifier(NeuralClassifier, SingleLabelClassifier):
    """Small neural networks with a focal loss, or any other loss of the margin.

    Several multilayer perceptrons are trained as one batched network, see
    :class:`skfocal.nn.TabularMLP`, and their probabilities are averaged. With margin m_i of row
    i (its signed score; for K classes the score of the true class minus the log-sum-exp of the
    others), each member minimises::

        mean_i w_i * loss(m_i)

    where w_i is the sample weight, divided by the mean of these, times the class weight.
    ``n_members=1, numeric_embedding=None`` is the plain perceptron.

    Parameters
    ----------
    gamma : float in [0, inf), default=1.0
        $gamma_meaning
    $alpha
    $loss
    $beta
    $class_weight
    $probabilities
    $calibration
    $network
    $training
    validation_fraction : float in (0, 1), default=0.1
        Fraction of each class that is held out; a class keeps at least one row in training.
    $stopping
    scoring : {"average_precision", "neg_log_loss"}, default="average_precision"
        Score that early stopping monitors; neither depends on gamma. Average precision is averaged
        over the classes with both outcomes in the held-out rows; without such a class the negative
        log loss is used.
    $running

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    loss_ : MarginLoss
        The loss at the epoch whose weights were kept, bound to the training set.
    class_weight_ : ndarray of shape (n_classes,)
        Weight of each class at that epoch: normalised alpha times class_weight.
    intercept_ : ndarray of shape () or (n_classes,)
        Constant that `calibrate_intercept` adds to the log-odds, or log-probabilities.
    $fitted

    Raises
    ------
    ImportError
        In ``fit``, without torch or skorch.
    ValueError
        In ``fit``, if a parameter is outside its range, there is one class only, or a
        combination has no meaning: a float alpha with more than two classes, a loss that is
        not defined for the task, ``probabilities="posterior"`` with a loss that has no inverse.

    See Also
    --------
    skfocal.FocalLogisticRegression : The linear model, with a minimum that is found exactly.
    skfocal.posterior : How probabilities are recovered.

    Notes
    -----
    $defaults

    A loss or weight that becomes infinite or NaN ends the training with a ConvergenceWarning, an
    interrupt with a UserWarning; the best finite weights so far are kept.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, doi:10.1109/ICCV.2017.324

    Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning", NeurIPS
    2022, arXiv:2203.05556

    Chernozhukov et al., "Double/debiased machine learning for treatment and structural parameters",
    The Econometrics Journal 21(1), 2018, doi:10.1111/ectj.12097: cross-fitting

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skfocal.neural_network import FocalMLPClassifier
    >>> X, y = make_classification(n_samples=500, weights=[0.9], random_state=0)
    >>> model = FocalMLPClassifier(gamma=2.0, n_members=2, max_epochs=20, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (500, 2)
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None):
        """Fit the network.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Training rows; NaN is a missing value, in dense rows. A missing number becomes the
            median of its column, and a further input says that it was missing; in a table
            without missing numbers in fit, later ones become ``mean_``. CSR is made dense a
            batch at a time, or stays sparse where it is wide.
        y : array-like of shape (n_samples,)
            Labels, of any type, of at least two classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a row of weight 0 counts as absent, but its label as a class.
        X_val : {array-like, data frame, sparse matrix} of shape (n_val, n_features), default=None
            Rows that early stopping watches, instead of some held out from `X`.
        y_val : array-like of shape (n_val,), default=None
            Their labels, all of which occur in `y`.
        groups : array-like of shape (n_samples,), default=None
            With `cross_fit`: rows of one group are left out together.

        Returns
        -------
        FocalMLPClassifier
            The fitted estimator.
        """
        continued = self.warm_start and hasattr(self, "classes_")
        X, y, sample_weight = self._validate_first(X, y, sample_weight, continued)
        classes, _ = self._encode_classes(y)
        if continued:
            self._check_same_classes(classes)
        self._check_settings()
        encode = partial(encode_known, classes=classes, owner=type(self).__name__)
        groups = self._check_groups(groups, X, sample_weight)
        everything = X, sample_weight
        X, y, sample_weight = drop_weightless(X, y, sample_weight)
        X = self._encode_first(X, continued)
        held_out = self._validate_held_out(X_val, y_val, encode)
        start = self._end_of_training() if continued else None
        seed = self._draw_seed()
        rows = self._leave_out(Rows(X, encode(y), sample_weight), groups, seed)
        self._fit_rows(rows, classes, held_out, seed, start)
        return self._add_weightless(*everything)

    @available_if(fits_in_parts)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on these rows, with a constant learning rate.

        The first call, or an earlier ``fit``, decides what depends on the training set as a
        whole: the scaling, the class weights and the initial bias. The method does not exist
        (AttributeError) with settings that need the whole set, such as ``alpha="balanced"``.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels, among `classes`.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur; needed in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, relative to each other.

        Returns
        -------
        FocalMLPClassifier
            The estimator.
        """
        first = self._check_first_call(classes)
        if first and (classes is None or len(np.unique(classes)) < 2):
            raise ValueError(
                f"{type(self).__name__}: the first call of partial_fit needs classes=, all labels "
                f"that will ever occur, at least two of them, got {classes!r}."
            )
        X, y, sample_weight = self._validate_first(X, y, sample_weight, not first)
        X, y, sample_weight = drop_weightless(X, y, sample_weight)
        self._check_settings()
        X = self._encode_first(X, not first)
        known = np.unique(classes) if first else self.classes_
        rows = Rows(X, encode_known(y, known, type(self).__name__), sample_weight)
        counts = add_half_rows(self._count(known, rows)) if first else self._counts
        self._fit_part(rows, self._make_target(known, rows, counts), first)
        return self

    def _split(self, codes, random):
        return class_split(codes, self.validation_fraction, random)

    def _cut_folds(self, codes, n_folds, seed, groups):
        return class_folds(codes, n_folds, seed, groups)

    def _make_target(self, form, rows, counts=None) -> Target:
        counts = self._count(form, rows) if counts is None else counts
        weight = self._weigh_classes(form, counts)
        return Target(form, rows.codes, counts, weight, task_of(form))

    def _count(self, classes, rows):
        return class_counts(rows.codes, rows.weight, len(classes))
