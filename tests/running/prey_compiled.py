"""Imported once before processes are forked: what has been imported and compiled is inherited."""

import warnings

import prey

from soilnb import proda
from soilnb.pore import simulate
from soilnb.proda import observations

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    simulate("static", days=1, **prey.SMALL)
    proda.assimilate(observations.twin_profiles(1, seed=4), progress=False, **prey.CHAINS)
