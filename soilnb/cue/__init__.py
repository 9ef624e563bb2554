"""Carbon use efficiency: what it can mean, what controls it, and what was measured.

`soilnb.cue.definitions` evaluates the nested definitions on a flux ledger,
`soilnb.cue.diagnosed` that of whole models. The controls are `soilnb.cue.temperature`,
`soilnb.cue.stoichiometry` and `soilnb.cue.energy`, put together in `soilnb.cue.controls`.
`soilnb.cue.methods` measures one made-up soil in five ways; `soilnb.cue.measured` summarises real
measurements.
"""

from soilnb.cue.definitions import LEVELS, efficiency, ledger, nested
from soilnb.cue.diagnosed import DECOMPOSITIONS, diagnosed

__all__ = ["DECOMPOSITIONS", "LEVELS", "diagnosed", "efficiency", "ledger", "nested"]
