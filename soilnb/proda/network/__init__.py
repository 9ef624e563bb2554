"""From assimilated profiles to parameters anywhere: the network of PRODA and what it is judged by.

.. code-block:: python

    from soilnb.proda import covariates, globe, network, observations
    profiles, planet = observations.israd(), globe.planet("testbed")
    forcing = observations.forcing_at(profiles)
    study = profiles["study"].to_series()
    y = network.targets(assimilated)                         # places in the unit cube
    x, y = network.match(covariates.frame(profiles, grid=planet), y)
    network.compare(x, y, study, carbon=lambda p: network.layer_nse(p, profiles, forcing))
    cells = covariates.frame(planet)
    fitted = network.fit(x, y, scaler=covariates.Scaler.of(cells))
    parameters = network.to_parameters(fitted.predict(cells), "compas")
    globe.maps(parameters, planet.sel(site=parameters["site"]), "compas")

- `soilnb.proda.network.fitting`: networks (`fit`), mean, ridge and forest (`baseline`), all as
  `Fitted`.
- `soilnb.proda.cube`: `targets`, `to_parameters`; `soilnb.proda.efficiency`: `parameter_nse`,
  `layer_nse`.
- `soilnb.proda.network.crossvalidation`: `cross_validate`, `compare`.
- `soilnb.proda.network.ensemble`: `bootstrap`, an `Ensemble`.
- `soilnb.proda.network.extrapolation`: `extrapolate`, all of the above in one call.
"""

from soilnb.proda.cube import targets, to_parameters
from soilnb.proda.efficiency import layer_nse, parameter_nse
from soilnb.proda.network.crossvalidation import Validation, compare, cross_validate, folds
from soilnb.proda.network.ensemble import Ensemble, bootstrap, draw_sites
from soilnb.proda.network.extrapolation import Extrapolated, extrapolate
from soilnb.proda.network.fitting import (
    ARCHITECTURES,
    BASELINES,
    LEAST,
    LEAST_SITES,
    Fitted,
    TrainingSettings,
    baseline,
    fit,
    learn,
    match,
)

__all__ = [
    "ARCHITECTURES", "BASELINES", "LEAST", "LEAST_SITES", "Ensemble", "Extrapolated", "Fitted",
    "TrainingSettings", "Validation", "baseline", "bootstrap", "compare", "cross_validate",
    "draw_sites", "extrapolate", "fit", "folds", "layer_nse", "learn", "match", "parameter_nse",
    "targets", "to_parameters",
]  # fmt: skip
