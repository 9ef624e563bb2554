"""The unit cube of a model's parameters: where they are drawn, assimilated and learnt.

A parameter is drawn, assimilated and learnt as its place between its prior bounds, 0 to 1. Where
the turnover time of enzymes in COMPAS stands makes a difference to what follows, so it has two
switches, which all steps from profiles to maps take:

===================  ========  =====================================================================
switch               value     meaning
===================  ========  =====================================================================
``enzyme_turnover``  own       ``tau_enz_decay`` has a place of its own and belongs to decomposition
``enzyme_turnover``  tied      it has the place of ``km_assim`` and so belongs to CUE; what is given
                               as ``tau_enz_decay`` is not used
``prior``            linear    its place is linear between its bounds
``prior``            log       it is 10^(3 u - 3) yr
===================  ========  =====================================================================

The printed tables are own and linear; the published code is tied and log
(phxtao/PRODA_MIC@90918f41). They differ in both switches; own and log is the third arm, which
tells what each of the two does: `READINGS`.

Bad input raises `soilnb.parameters.InputError` in every function here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import __version__
from soilnb.parameters import InputError, check_known, shown, unknown
from soilnb.proda.convergence import CONVERGED
from soilnb.proda.models import MODELS, Model, find
from soilnb.profile import layered
from soilnb.profile.layered import READINGS, two_switches
from soilnb.schema import Variable, assemble

#: Statistics of an assimilated profile that can be learnt.
STATISTICS = ("estimate", "mean", "best", "draw")

#: What a profile must pass to be learnt from.
SELECTIONS = {
    "published": ("gelman_rubin_mean", "nse"),
    "converged": ("converged", "nse"),
    "fitted": ("nse",),
    "all": (),
}


@dataclass(frozen=True)
class Cube:
    """The unit cube of a model's parameters with the two switches of the module's description.

    Examples
    --------
    >>> Cube("compas").physical(np.full(23, 0.5)).shape
    (23,)
    """

    name: str = "compas"
    enzyme_turnover: str = "own"
    prior: str = "linear"

    def __post_init__(self) -> None:
        layered.enzyme_switch(find(self.name).layered, self.enzyme_turnover, self.prior)

    @property
    def model(self) -> Model:
        """The model's record."""
        return MODELS[self.name]

    @property
    def attrs(self) -> dict[str, str]:
        """Model and switches by name, as results carry them and `Cube` takes them."""
        return {
            "model": self.name, "enzyme_turnover": self.enzyme_turnover, "prior": self.prior,
        }  # fmt: skip

    @classmethod
    def of(cls, attrs: Mapping[str, Any], **given: str | None) -> Cube:
        """Return the cube of an assimilation by its attributes; what is given comes first."""
        kept = READINGS.get(attrs.get("index"), {})  # older results have one word for both
        kept = {**kept, **{name: attrs[name] for name in given if name in attrs}}
        kept |= {name: value for name, value in given.items() if value is not None}
        return cls(str(attrs.get("model", "compas")), **kept)

    def groups(self) -> dict[str, tuple[str, ...]]:
        """Return the parameters of each component."""
        found = dict(self.model.groups)
        if self.enzyme_turnover == "tied":
            rest = (name for name in found["decomposition"] if name != "tau_enz_decay")
            found["decomposition"] = tuple(rest)
            found["cue"] = (*found["cue"], "tau_enz_decay")
        return found

    def unit(self, values: np.ndarray) -> np.ndarray:
        """Return where parameters lie between their bounds.

        Parameters
        ----------
        values : array [..., n]
            Parameters in their units, in the order of the model's ``NAMES``.

        Returns
        -------
        array [..., n]
            0 to 1. With ``tied`` the place of ``tau_enz_decay`` is that of ``km_assim``.
        """
        low, high = layered.bounds(self.model.layered)
        points = (np.asarray(values, dtype=float) - low) / (high - low)
        if self.enzyme_turnover == "tied":
            points[..., self._enzyme] = points[..., self._source]
        elif self.prior == "log":
            own = np.asarray(values)[..., self._enzyme]
            points[..., self._enzyme] = (np.log10(own) + 3.0) / 3.0
        return np.clip(points, 0.0, 1.0)

    def physical(self, points: np.ndarray) -> np.ndarray:
        """Return parameters [..., n] in their units for points [..., n]: the inverse of `unit`."""
        low, high = layered.bounds(self.model.layered)
        points = np.asarray(points, dtype=float)
        values = low + points * (high - low)
        if (self.enzyme_turnover, self.prior) == ("own", "linear"):
            return values
        own, point = self._enzyme, points[..., self._source]
        values[..., own] = (
            10.0 ** (3.0 * point - 3.0) if self.prior == "log"
            else low[own] + point * (high[own] - low[own])
        )  # fmt: skip
        return values

    @property
    def _enzyme(self) -> int:
        return self.model.names.index("tau_enz_decay")

    @property
    def _source(self) -> int:
        """Row of the parameter whose place is that of the turnover time of enzymes."""
        tied = self.enzyme_turnover == "tied"
        return self.model.names.index("km_assim" if tied else "tau_enz_decay")

    def chosen(
        self, own: Mapping[str, Sequence[str]] | Sequence[str] | None = None
    ) -> dict[str, tuple[str, ...]]:
        """Return the components to look at: all of the model, some of them, or a user's own."""
        known = self.groups()
        if own is None:
            return known
        if isinstance(own, Mapping):
            for component, members in own.items():
                for name in members:
                    if name not in self.model.names:
                        kind = f"parameter of component {component!r}"
                        raise unknown(kind, name, self.model.names)
            return {component: tuple(members) for component, members in own.items()}
        wanted = [own] if isinstance(own, str) else list(own)
        for component in wanted:
            check_known("component", component, known)
        return {component: known[component] for component in wanted}

    def metric(self, component: str) -> str:
        """Return the metric that says how large a component is, or raise `InputError`."""
        check_known("component", component, self.model.metrics)
        return self.model.metrics[component]


# --- from assimilated profiles to the cube, and back -------------------------------------------


@two_switches
def targets(
    assimilated: xr.Dataset,
    *,
    select: str = "published",
    statistic: str = "estimate",
    seed: int = 0,
    enzyme_turnover: str | None = None,
    prior: str | None = None,
) -> pd.DataFrame:
    """Return the parameters of assimilated profiles as points in the unit cube.

    Parameters
    ----------
    assimilated : Dataset
        Many profiles, as from `soilnb.proda.assimilate`.
    select : {"published", "converged", "fitted", "all"}
        Which profiles: as in the papers those with a mean G-R statistic below 1.05 and an
        efficiency above 0; those marked as ``converged`` with an efficiency above 0; those with an
        efficiency above 0; or all. Profiles that were refused are left out always.
    statistic : {"estimate", "mean", "best", "draw"}
        Point estimate, posterior mean, the kept state with the lowest cost, or of each profile one
        of the states that an assimilation with ``draws=`` has kept, picked at random.
    seed : int
        Of a draw.
    enzyme_turnover, prior : str, optional
        See the module's description; by default as in the assimilation. On the logarithmic scale
        small differences of short turnover times count.

    Returns
    -------
    DataFrame [profile, parameter]
        0 to 1.

    Raises
    ------
    InputError
        For a Dataset that is no such result, an unknown choice, or when no profile is left.

    Examples
    --------
    >>> from soilnb import proda
    >>> profiles = proda.observations.twin_profiles(2)
    >>> few = {"warmup": 500, "steps": 1000, "samples": 100, "jobs": 1, "progress": False}
    >>> targets(proda.assimilate(profiles, **few), select="all").shape
    (2, 23)
    """
    check_known("select", select, SELECTIONS)
    check_known("statistic", statistic, STATISTICS)
    source = "draws" if statistic == "draw" else statistic
    for name in (source, *SELECTIONS[select], "profile"):
        if not isinstance(assimilated, xr.Dataset) or name not in assimilated.variables:
            more = " with draws= above 0" if name == "draws" else ""
            raise InputError(
                f"assimilated has no {name!r}: allowed what proda.assimilate returns{more}"
            )
    cube = Cube.of(assimilated.attrs, enzyme_turnover=enzyme_turnover, prior=prior)
    names = list(cube.model.names)
    chosen = assimilated[source].sel(parameter=names)
    if statistic == "draw":
        rng = np.random.default_rng(seed)
        state = rng.integers(0, chosen.sizes["draw"], chosen.sizes["profile"])
        chosen = chosen.isel(draw=xr.DataArray(state, dims="profile"))
    values = chosen.transpose("profile", "parameter").values
    kept = np.isfinite(values).all(axis=1)
    for name in SELECTIONS[select]:
        kept &= _passes(assimilated[name])
    if not kept.any():
        raise InputError(f"none of {kept.size} profiles passes: select = {shown(select)}")
    profiles = pd.Index(assimilated["profile"].values[kept].astype(str), name="profile")
    return pd.DataFrame(cube.unit(values[kept]), profiles, names)


def _passes(values: xr.DataArray) -> np.ndarray:
    """Return which profiles pass the test of one variable."""
    if values.name == "nse":
        return values.values > 0
    if values.name == "gelman_rubin_mean":
        return values.values < CONVERGED
    return values.values.astype(bool)


@two_switches
def to_parameters(
    predicted: pd.DataFrame | xr.DataArray,
    model: str = "compas",
    *,
    enzyme_turnover: str = "own",
    prior: str = "linear",
    dim: str = "site",
) -> xr.Dataset:
    """Return parameters in their units for points in the unit cube.

    Parameters
    ----------
    predicted : DataFrame [site, parameter] or DataArray
        As from ``predict`` of a predictor, or of an ensemble: (member, site, parameter).
    model : {"compas", "clm5"}
        The model.
    enzyme_turnover, prior : str
        As in `targets`.
    dim : str
        Name of the dimension of the places, as the forcing has it.

    Returns
    -------
    Dataset
        A variable for each parameter, as ``steady_state`` and `soilnb.proda.globe` take them.
        Places without a prediction (of any member) are left out: select the others from a planet
        by ``planet.sel(site=parameters["site"])``.

    Raises
    ------
    InputError
        For missing parameters, an unknown model or switch, or when no place has a prediction.

    Examples
    --------
    >>> points = pd.DataFrame(0.5, index=["a", "b"], columns=Cube("compas").model.names)
    >>> to_parameters(points)["q10"].values
    array([2.1, 2.1])
    """
    cube = Cube(model, enzyme_turnover, prior)
    names, records = list(cube.model.names), cube.model.records
    array = _array(predicted, dim)
    lacking = [name for name in names if name not in array["parameter"].values]
    if lacking:
        raise InputError(f"predicted has no parameter {lacking[0]!r} of {model}")
    array = array.sel(parameter=names).transpose(..., dim, "parameter")
    known = np.isfinite(array.values).reshape(-1, *array.shape[-2:]).all(axis=(0, 2))
    if not known.any():
        raise InputError(f"predicted has no prediction at any of {known.size} places")
    array = array.isel({dim: np.flatnonzero(known)})
    values = cube.physical(np.clip(array.values, 0.0, 1.0))
    variables = {
        name: Variable(records[name].unit, records[name].meaning, symbol=records[name].symbol)
        for name in names
    }
    arrays = {name: values[..., i] for i, name in enumerate(names)}
    coords = {name: c for name, c in array.coords.items() if "parameter" not in c.dims}
    attrs = cube.attrs | {"soilnb_version": __version__}
    return assemble(variables, arrays, *array.dims[:-1], coords=coords, attrs=attrs)


def _array(predicted: pd.DataFrame | xr.DataArray, dim: str) -> xr.DataArray:
    """Return predictions as an array whose places run over `dim`."""
    if isinstance(predicted, pd.DataFrame):
        names = [str(name) for name in predicted.columns]
        coords = {dim: predicted.index.to_numpy(), "parameter": names}
        return xr.DataArray(predicted.to_numpy(dtype=float), coords, (dim, "parameter"))
    own = [name for name in predicted.dims if name not in ("member", "parameter")]
    if len(own) != 1:
        raise InputError(
            f"predicted has the dimensions {predicted.dims}: allowed member, places and parameter"
        )
    return predicted.rename({own[0]: dim}) if own[0] != dim else predicted
