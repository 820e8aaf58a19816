"""Import the package before pytest collects doctests.

Otherwise the first module of ``skfocal.losses`` to be collected is executed twice, and the registry
holds a class that nobody else has.
"""

import skfocal.losses  # noqa: F401 (the import is the purpose)
