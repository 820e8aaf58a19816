"""Training by torch and skorch: settings and rows in, a result out; it knows no estimator."""

from skfocal.neural_network.training._fit import fit_network, make_criterion
from skfocal.neural_network.training._fitted_net import fitted_net
from skfocal.neural_network.training._module import rebuild_module

__all__ = ["fit_network", "fitted_net", "make_criterion", "rebuild_module"]
