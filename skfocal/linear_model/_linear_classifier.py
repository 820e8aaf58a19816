"""A linear classifier that was fitted, by whatever way: what its coefficients say of rows."""

import numpy as np

from skfocal._classifier import SingleLabelClassifier
from skfocal.linear_model._exporting import as_logistic_regression, as_onnx
from skfocal.tasks import get_task
from skfocal.utils._compat import validate_data
from skfocal.utils._validation import refuse_times


class LinearClassifier(SingleLabelClassifier):
    """Base of the linear classifiers: scores of rows, and the ways out of the package.

    A subclass has the parameters `C` and `fit_intercept`; its ``fit`` sets ``coef_`` and
    ``intercept_``, and what :class:`~skfocal._classifier.MarginClassifier` asks for.
    """

    # Set by the subclass, declared for the type checker.
    C: float
    fit_intercept: bool
    classes_: np.ndarray
    coef_: np.ndarray
    intercept_: np.ndarray

    def decision_function(self, X):
        """Return the log-odds of :meth:`predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of ``classes_[1]``, for more the log-probabilities.
        """
        posterior = self._current_posterior
        refuse_times(self, X)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        scores = X @ self.coef_.T + self.intercept_
        return posterior.log_odds(get_task(posterior.task).from_columns(scores))

    def to_sklearn(self):
        """Return the same model as a fitted LogisticRegression.

        Returns
        -------
        sklearn.linear_model.LogisticRegression
            Of the same labels and probabilities.

        Raises
        ------
        ValueError
            If the probabilities are no shift of the scores, as they are at ``gamma=0`` and with
            ``probabilities="raw"``.
        """
        posterior = self._current_posterior
        settings = {"C": self.C, "fit_intercept": self.fit_intercept}
        table = self.coef_, self.intercept_, self.classes_
        model = as_logistic_regression(*table, posterior, settings)
        for name in ("n_iter_", "feature_names_in_"):
            if hasattr(self, name):
                setattr(model, name, getattr(self, name))
        return model

    def to_onnx(self):
        """Return the model as an ONNX graph that gives honest probabilities.

        Its input ``X`` is float32; its outputs are ``label`` and ``probabilities``, which differ
        from those of :meth:`predict_proba` by about 1e-7.

        Returns
        -------
        onnx.ModelProto

        Raises
        ------
        ImportError
            If onnx is missing, which the extra ``exporters`` brings.
        ValueError
            With several classes, if the probabilities are no shift of the scores.
        """
        posterior = self._current_posterior
        table = self.coef_, self.intercept_, self.classes_
        return as_onnx(*table, posterior, type(self).__name__)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
