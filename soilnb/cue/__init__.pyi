from .definitions import LEVELS, efficiency, flux_ledger, nested
from .diagnosed import DECOMPOSITIONS, diagnosed

__all__ = ["DECOMPOSITIONS", "LEVELS", "diagnosed", "efficiency", "flux_ledger", "nested"]
