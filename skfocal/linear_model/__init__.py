"""Linear models, on rows in memory or read block by block."""

from skfocal.linear_model._focal_logistic import FocalLogisticRegression
from skfocal.linear_model._parquet import ParquetBlocks

__all__ = ["FocalLogisticRegression", "ParquetBlocks"]
