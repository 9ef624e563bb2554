from .definitions import LEVELS, efficiency, ledger, nested
from .diagnosed import DECOMPOSITIONS, diagnosed

__all__ = ["DECOMPOSITIONS", "LEVELS", "diagnosed", "efficiency", "ledger", "nested"]
