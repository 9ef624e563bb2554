"""The constants of the forcing builder, each with its source or marked as an assumption.

One set, ``stated``; a mapping of changes may be given wherever ``parameters=`` is asked for.
"""

from soilnb.parameters import Parameter, ParameterSet

_CLM5 = "CLM5 parameter file, clm5_params.c171117.nc"

_RECORDS = {
    "continentality": Parameter(
        30.0, "1", (-20.0, 120.0), "K", "continentality where the climate zone is not known",
        "assumption: between the oceanic and the continental half of the scale of Conrad 1946",
    ),
    "thermal_diffusivity": Parameter(
        5e-7, "m2 s-1", (1e-7, 1e-6), r"\kappa", "thermal diffusivity of the soil",
        "assumption: a moist mineral soil, for the order of magnitude see Campbell & Norman "
        "1998, An Introduction to Environmental Biophysics, chapter 8; with it the annual wave "
        "falls to 1/e over 2.24 m",
    ),
    "freezing_factor": Parameter(
        0.5, "1", (0.0, 1.0), "n_f", "ground surface over air temperature below 0 degC",
        "assumption within the range of n-factors under snow in Smith & Riseborough 2002, "
        "Permafrost Periglac. Process. 13, 1-15, doi:10.1002/ppp.410; 1 is bare ground",
    ),
    "thawing_factor": Parameter(
        1.0, "1", (0.0, 2.0), "n_t", "ground surface over air temperature above 0 degC",
        "assumption: no canopy effect; the n-factor of Smith & Riseborough 2002, "
        "doi:10.1002/ppp.410",
    ),
    "thawed_conductivity": Parameter(
        1.0, "W m-1 K-1", (0.2, 2.5), r"\lambda_t", "thermal conductivity of the thawed soil",
        "assumption: between an organic and a wet mineral soil",
    ),
    "ice_content": Parameter(
        0.4, "m3 m-3", (0.05, 0.9), r"\theta_i", "water that melts in the active layer",
        "assumption: a wet soil",
    ),
    "clay_share": Parameter(
        0.4, "1", (0.0, 1.0), "f_{clay}", "clay in the part that is not sand, where it is unknown",
        "assumption: loam has 40 % sand, 24 % clay with it",
    ),
    "water_potential_max": Parameter(
        -0.002, "MPa", (-0.1, -1e-4), r"\psi_{max}", "water potential from which decay is free",
        f"{_CLM5}, maxpsi_hr",
    ),
    "water_potential_min": Parameter(
        -2.0, "MPa", (-20.0, -0.2), r"\psi_{min}", "water potential at which decay ends",
        f"{_CLM5}, minpsi_hr",
    ),
    "water_floor": Parameter(
        0.05, "1", (0.0, 1.0), r"W_{min}", "lowest moisture scalar",
        "phxtao/PRODA_PUBLIC@3b782654, matrix_fun.m: the floor of its unused water potential form",
    ),
}  # fmt: skip

#: The named sets.
PARAMETER_SETS = {
    "stated": ParameterSet(
        "stated", _RECORDS, "constants of the formulas that stand in for CLM5's monthly output"
    )
}
