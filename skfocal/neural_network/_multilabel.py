"""Multilabel classifier: one network, one loss of the margin for each label."""

import warnings
from dataclasses import replace

import numpy as np
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.utils.metaestimators import available_if

from skfocal._classifier import LOSS_CONSTRAINTS, Target
from skfocal.losses._math import add_half_rows
from skfocal.model_selection import label_folds, label_split
from skfocal.neural_network._base import NeuralClassifier
from skfocal.neural_network._docs import documented
from skfocal.neural_network._labels import LabelForm, check_values_per_label
from skfocal.neural_network._parameters import fits_in_parts
from skfocal.neural_network._settings import Rows
from skfocal.neural_network._thresholds import (
    N_FOLDS,
    check_thresholds,
    tune_f1,
    warn_of_constant_labels,
)
from skfocal.tasks import Multilabel
from skfocal.utils._compat import _fit_context
from skfocal.utils._validation import drop_weightless
from skfocal.utils._warnings import warn_user


@documented
class MultiLabelFocalClassifier(NeuralClassifier):
    """Small neural networks for any number of labels per row, with a focal loss for each label.

    The network and its training are those of :class:`FocalMLPClassifier`, with one score for
    each label. With margin m_ij of row i and label j (the score if the row has the label, minus
    the score if not), each member minimises::

        mean_ij w_ij * loss(m_ij)

    where w_ij is the sample weight, divided by the mean of these, times the weight of that side
    of the label.

    Parameters
    ----------
    gamma : float in [0, inf) or array-like of shape (n_labels,), default=1.0
        $gamma_meaning
    alpha : None, float in (0, 1), array-like of shape (n_labels,), "balanced" or \
"effective", default=None
        Weight of the positives of each label, ``1 - alpha`` that of its negatives, normalised so
        that the mean weight over the training samples of each label is 1. ``"balanced"`` is the
        inverse frequency; ``"effective"`` the class-balanced weights
        ``(1 - beta) / (1 - beta**n)``.
    $loss
    $beta
    class_weight : dict, "balanced" or None, default=None
        Not normalised; multiplies alpha. A dict has the keys 0 and 1 and holds for every label;
        ``"balanced"`` weights each label by its own frequencies.
    $probabilities
    $calibration
    $network
    $training
    thresholds : None, "f1" or array-like of shape (n_labels,), default=None
        Probability above which :meth:`predict` gives a label. None is 0.5 for all; ``"f1"`` finds,
        for each label, the threshold with the best F1 score of out-of-fold scores: with `cross_fit`
        those of the fit itself, else of five further fits, which cost as much; an array holds
        values in (0, 1).
    validation_fraction : float in (0, 1), default=0.1
        Fraction of the rows that is held out, stratified by all labels.
    $stopping
    scoring : {"average_precision", "neg_log_loss"}, default="average_precision"
        Score that early stopping monitors; neither depends on gamma. Average precision is averaged
        over the labels with both outcomes in the held-out rows; without such a label the negative
        log loss is used.
    $running

    Attributes
    ----------
    classes_ : ndarray
        Numbers of the labels; the two classes of a vector, or of a column of other values than 0
        and 1.
    loss_ : MarginLoss
        The loss at the epoch whose weights were kept, bound to the training set.
    class_weight_ : ndarray of shape (2, n_labels)
        Weights at that epoch, negatives first; with ``"balanced"`` or ``"effective"``, 1 for an
        outcome that does not occur.
    intercept_ : ndarray of shape (n_labels,), or () for a vector of two classes
        Constants that `calibrate_intercept` adds to the log-odds.
    thresholds_ : ndarray of shape (n_labels,)
        Probabilities above which :meth:`predict` gives the labels.
    $fitted

    Raises
    ------
    ImportError
        In ``fit``, without torch or skorch.
    ValueError
        In ``fit``, if a parameter is outside its range, the target is not an indicator or
        binary, or a combination has no meaning.

    See Also
    --------
    FocalMLPClassifier : One class per row.

    Notes
    -----
    $defaults

    References
    ----------
    Ridnik et al., "Asymmetric Loss For Multi-Label Classification", ICCV 2021,
    arXiv:2009.14119

    Chernozhukov et al., "Double/debiased machine learning for treatment and structural parameters",
    The Econometrics Journal 21(1), 2018, doi:10.1111/ectj.12097: cross-fitting

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from skfocal.neural_network import MultiLabelFocalClassifier
    >>> X, Y = make_multilabel_classification(n_samples=200, n_classes=4, random_state=0)
    >>> model = MultiLabelFocalClassifier(n_members=2, max_epochs=20, random_state=0)
    >>> model.fit(X, Y).predict_proba(X).shape
    (200, 4)
    """

    _parameter_constraints: dict = NeuralClassifier._parameter_constraints | {
        "gamma": [*LOSS_CONSTRAINTS["gamma"], "array-like"],
        "alpha": [option for option in LOSS_CONSTRAINTS["alpha"] if option is not dict],
        "thresholds": [None, str, "array-like"],
    }

    def __init__(
        self,
        gamma=1.0,
        alpha=None,
        *,
        loss="focal",
        beta=0.999,
        class_weight=None,
        probabilities="weighted",
        calibrate_intercept=True,
        hidden_layer_sizes=(64,),
        activation="relu",
        dropout=0.1,
        batch_norm=False,
        n_members=8,
        numeric_embedding="auto",
        warm_up=0,
        initial_bias="prior",
        optimizer="adamw",
        learning_rate_init=2e-3,
        weight_decay=1e-2,
        learning_rate="linear",
        batch_size="auto",
        max_epochs="auto",
        cross_fit=False,
        early_stopping=False,
        thresholds=None,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        scoring="average_precision",
        categorical_features="from_dtype",
        standardize=True,
        random_state=None,
        device="auto",
        warm_start=False,
        callbacks=None,
        module=None,
        net_params=None,
        verbose=0,
    ):
        super().__init__(
            gamma=gamma,
            alpha=alpha,
            loss=loss,
            beta=beta,
            class_weight=class_weight,
            probabilities=probabilities,
            calibrate_intercept=calibrate_intercept,
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            dropout=dropout,
            batch_norm=batch_norm,
            n_members=n_members,
            numeric_embedding=numeric_embedding,
            warm_up=warm_up,
            initial_bias=initial_bias,
            optimizer=optimizer,
            learning_rate_init=learning_rate_init,
            weight_decay=weight_decay,
            learning_rate=learning_rate,
            batch_size=batch_size,
            max_epochs=max_epochs,
            cross_fit=cross_fit,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            scoring=scoring,
            categorical_features=categorical_features,
            standardize=standardize,
            random_state=random_state,
            device=device,
            warm_start=warm_start,
            callbacks=callbacks,
            module=module,
            net_params=net_params,
            verbose=verbose,
        )
        self.thresholds = thresholds

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
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of 0 and 1, or a vector or column of two classes of any type.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a row of weight 0 counts as absent.
        X_val : {array-like, data frame, sparse matrix} of shape (n_val, n_features), default=None
            Rows that early stopping watches, instead of some held out from `X`.
        y_val : {array-like, sparse matrix} of shape (n_val, n_labels) or (n_val,), default=None
            Their labels.
        groups : array-like of shape (n_samples,), default=None
            With `cross_fit`: rows of one group are left out together.

        Returns
        -------
        MultiLabelFocalClassifier
            The fitted estimator.
        """
        continued = self.warm_start and hasattr(self, "classes_")
        X, y, sample_weight = self._validate_first(
            X, y, sample_weight, continued, multi_output=True
        )
        form = LabelForm.of(y, type(self).__name__)
        if continued:
            self._check_same_classes(form.classes, "labels")
        self._check_settings()
        check_thresholds(self.thresholds, form.n_labels, form.owner)
        groups = self._check_groups(groups, X, sample_weight)
        everything = X, sample_weight
        X, y, sample_weight = drop_weightless(X, y, sample_weight)
        X = self._encode_first(X, continued)
        held_out = self._validate_held_out(X_val, y_val, form.encode, multi_output=y.ndim > 1)
        seed = self._draw_seed()
        start = self._end_of_training() if continued else None
        rows = self._leave_out(Rows(X, form.encode(y), sample_weight), groups, seed)
        self._fit_rows(rows, form, held_out, seed, start)
        self._keep_form(form)
        if isinstance(self.thresholds, str):
            self._tune_thresholds(rows, held_out, seed)
        else:
            self._set_thresholds()
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
        y : {array-like, sparse matrix} of shape (n_samples, n_labels) or (n_samples,)
            Indicator of 0 and 1, or a vector or column of two classes, as in the first call.
        classes : array-like of shape (2,), default=None
            Both classes of a vector or column, needed in the first call; an indicator needs none.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, relative to each other.

        Returns
        -------
        MultiLabelFocalClassifier
            The estimator.
        """
        first = self._check_first_call(classes)
        X, y, sample_weight = self._validate_first(
            X, y, sample_weight, not first, multi_output=True
        )
        X, y, sample_weight = drop_weightless(X, y, sample_weight)
        self._check_settings()
        X = self._encode_first(X, not first)
        form = LabelForm.of_first_rows(y, classes, type(self).__name__) if first else self._form
        check_thresholds(self.thresholds, form.n_labels, form.owner)
        rows = Rows(X, form.encode(y), sample_weight)
        counts = add_half_rows(self._count(rows)) if first else self._counts
        self._fit_part(rows, self._make_target(form, rows, counts), first)
        self._keep_form(form)
        return self._set_thresholds()

    def _keep_form(self, form):
        self._form = form
        if form.n_dims == 1:  # a vector of two classes: one score per row, and two probabilities
            weight = self._posterior.class_weight[:, 0]
            self.intercept_ = np.reshape(self.intercept_, ())
            if hasattr(self, "oof_decision_function_"):
                self.oof_decision_function_ = self.oof_decision_function_[:, 0]
            self._posterior = replace(
                self._posterior, task="binary", class_weight=weight, intercept=self.intercept_
            )

    def predict(self, X):
        """Return the labels whose probability is above ``thresholds_``.

        Parameters
        ----------
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples, n_labels) or (n_samples,)
            An indicator of 0 and 1, or classes in the form that the target had.
        """
        decision = self.decision_function(X)
        return self._form.decode(decision > self._cuts)

    def _set_thresholds(self):
        """Set ``thresholds_`` to 0.5, or to what the user gives."""
        given = 0.5 if self.thresholds is None else self.thresholds
        return self._cut_at(logit(np.broadcast_to(np.float64(given), self._form.n_labels)))

    def _tune_thresholds(self, rows, held_out, seed):
        """Set ``thresholds_`` to those of the best F1 score on rows that did not train."""
        owner = self._form.owner
        warn_of_constant_labels(rows.codes, owner)
        log_odds = None
        if rows.left_out is not None:
            log_odds = self.oof_decision_function_.reshape(rows.codes.shape)
        elif not self._interrupted:
            log_odds = self._cross_fit(rows, held_out, seed)
        if log_odds is not None:
            return self._cut_at(tune_f1(rows.codes, log_odds, rows.weight))
        warn_user(
            f"{owner}: interrupted, so the thresholds are not tuned and stay 0.5.", UserWarning
        )
        return self._cut_at(np.zeros(self._form.n_labels))

    def _cut_at(self, log_odds):
        """Keep the log-odds above which a label is given."""
        self._cuts = log_odds
        self.thresholds_ = expit(log_odds)
        return self

    def _cross_fit(self, rows, held_out, seed):
        """Return log-odds of every row, from a model fitted without it; None if interrupted."""
        log_odds = np.empty(rows.codes.shape)
        for fold, (training, others) in enumerate(label_folds(rows.codes, N_FOLDS, seed)):
            part = clone(self).set_params(thresholds=None, warm_start=False)
            with warnings.catch_warnings():
                # The model itself has been fitted before, and has warned.
                warnings.simplefilter("ignore")
                part._fit_rows(rows.take(training), self._form, held_out, seed + fold, None)
            if part._interrupted:
                return None
            log_odds[others] = part._log_odds(rows.X[others])
        return log_odds

    def _split(self, codes, random):
        return label_split(codes, self.validation_fraction, random)

    def _cut_folds(self, codes, n_folds, seed, groups):
        return label_folds(codes, n_folds, seed, groups)

    def _make_target(self, form, rows, counts=None) -> Target:
        check_values_per_label("gamma", self.gamma, form)
        check_values_per_label("alpha", self.alpha, form)
        counts = self._count(rows) if counts is None else counts
        alphas = self.alpha if np.ndim(self.alpha) else [self.alpha] * form.n_labels
        sides = np.array([0, 1]) if form.pair is None else form.pair
        table = [
            self._weigh_classes(sides, count, alpha=alpha)
            for alpha, count in zip(alphas, counts.T, strict=True)
        ]
        weight = np.stack(table, axis=1)
        return Target(form.classes, rows.codes, counts, weight, "multilabel")

    def _count(self, rows):
        return Multilabel().count(rows.codes, rows.weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
