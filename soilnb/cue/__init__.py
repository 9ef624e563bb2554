"""Carbon use efficiency: what it can mean, what controls it, and what was measured.

`soilnb.cue.definitions` evaluates the nested definitions on a flux ledger,
`soilnb.cue.diagnosed` that of whole models. The controls are `soilnb.cue.temperature`,
`soilnb.cue.stoichiometry` and `soilnb.cue.energy`, put together in `soilnb.cue.controls`.
`soilnb.cue.methods` measures one made-up soil in five ways; `soilnb.cue.measured` summarises real
measurements.
"""

import lazy_loader

# The names are those of the stub beside this file; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
