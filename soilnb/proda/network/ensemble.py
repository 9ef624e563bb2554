"""How sure a prediction is: many fits, each to sites drawn with replacement.

As in the papers 0.9 n sites are drawn, a tenth of the draws is for validation, a site that was not
drawn is for testing, and the number of the member is its seed. In the published code the last draws
are for validation, so most of the sites that stop the training are also learnt from
(``draw="published"``); by default the sites for validation are set aside before the others are
drawn (``"separate"``). With ``"all"`` every site is learnt from, or held for validation, once.

The parameters of a site are uncertain themselves. An ensemble that is given several tables of them,
drawn from the posteriors of the sites, learns each member from the next: what such members differ
in is the uncertainty of the sites, alone (``draw="all"``) or with that of their choice.

With a folder every finished member is a file of its own, under a key of everything that decides it
(sites, settings, source of the training loop); an interrupted call is resumed by the same call, and
more members are added to those that are there.

.. code-block:: python

    ensemble = network.bootstrap(x, y, size=200, folder="my_ensemble")
    ensemble.predict(covariates.frame(planet)).std("member")
    many = proda.assimilate(profiles, draws=50)
    states = [network.targets(many, statistic="draw", seed=k) for k in range(200)]
    ensemble = network.bootstrap(x, states, size=200)
"""

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from soilnb import __version__
from soilnb.jobs import Store, complete
from soilnb.parameters import InputError, check_known
from soilnb.proda.covariates import Scaler
from soilnb.proda.network.fitting import BASELINES, LEAST_SITES, Fitted, check, learn, whole

DRAWS = ("separate", "published", "all")
#: Share of the sites that are drawn, and share of the draws for validation.
DRAWN, HELD = 0.9, 0.1


@dataclass(frozen=True)
class Ensemble:
    """Predictors that were fitted to different draws of the sites.

    `used` [site, member] says whether the member has seen the site, in training or in validation.
    """

    members: tuple[Fitted, ...]
    used: pd.DataFrame

    def __len__(self) -> int:
        return len(self.members)

    def predict(self, x: pd.DataFrame, *, quiet: bool = False) -> xr.DataArray:
        """Return the places of the parameters in the unit cube by each member.

        Parameters
        ----------
        x : DataFrame [site, column]
            Covariates, not scaled.
        quiet : bool
            Whether to say nothing of sites left out.

        Returns
        -------
        DataArray (member, site, parameter)
            NaN where a member has no prediction; one line counts these sites. The dimension of the
            sites has the name of the index of `x`, or ``site``.
        """
        places = np.stack([one.predict(x, quiet=True).to_numpy() for one in self.members])
        lacking = np.isnan(places).any(axis=(0, 2))
        if lacking.any() and not quiet:
            print(
                f"note: {lacking.sum()} of {len(x)} sites have a class that the training sites of "
                "some member had not, or lack a covariate: no prediction by it",
                file=sys.stderr,
            )
        dim = x.index.name or "site"
        coords = {
            "member": self.used.columns.to_numpy(),
            dim: x.index.to_numpy(),
            "parameter": list(self.members[0].parameters),
        }
        attrs = {"units": "1", "long_name": "place between the prior bounds"}
        return xr.DataArray(places, coords, ("member", dim, "parameter"), "place", attrs)

    def unseen(self, x: pd.DataFrame) -> pd.DataFrame:
        """Return for each site the mean prediction of the members that have not seen it.

        Parameters
        ----------
        x : DataFrame [site, column]
            Covariates of the sites of the fit.

        Returns
        -------
        DataFrame [site, parameter]
            NaN where every member has seen the site.

        Raises
        ------
        InputError
            For other sites than those of the fit.
        """
        if not x.index.isin(self.used.index).all():
            raise InputError("x has other sites than the ensemble was fitted to")
        places = self.predict(x, quiet=True).values
        out = ~self.used.loc[x.index].to_numpy().T[..., np.newaxis] & np.isfinite(places)
        counts = out.sum(axis=0)
        sums = np.where(out, places, 0.0).sum(axis=0)
        mean = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
        return pd.DataFrame(mean, x.index, list(self.members[0].parameters))


def draw_sites(size: int, member: int, draw: str = "separate") -> tuple[np.ndarray, np.ndarray]:
    """Return the sites that a member learns from, and those for its validation.

    Parameters
    ----------
    size : int
        Number of sites.
    member : int
        Number of the member, the seed.
    draw : {"separate", "published", "all"}
        See the module's description.

    Returns
    -------
    array of int [0.81 n], array of int [0.09 n]
        Numbers of sites, with repetitions; of a separate draw those for validation differ from each
        other and from the others. With ``all`` the first are 0.91 n, and nothing is repeated.

    Examples
    --------
    >>> learnt, held = draw_sites(100, member=0)
    >>> len(learnt), len(held), set(learnt) & set(held)
    (81, 9, set())
    """
    check_known("draw", draw, DRAWS)
    rng = np.random.default_rng(member)
    drawn = round(DRAWN * size)
    held = max(1, round(HELD * drawn))
    if draw == "published":
        sites = rng.integers(0, size, drawn)
        return sites[:-held], sites[-held:]
    order = rng.permutation(size)
    if draw == "all":
        return order[held:], order[:held]
    return rng.choice(order[held:], drawn - held, replace=True), order[:held]


def bootstrap(
    x: pd.DataFrame,
    y: pd.DataFrame | Sequence[pd.DataFrame],
    *,
    size: int = 5,
    method: str | tuple[int, ...] = "small",
    draw: str = "separate",
    scaler: Scaler | None = None,
    folder: str | os.PathLike | None = None,
    jobs: int = 1,
    client: Any = None,
    progress: bool = True,
    **options: Any,
) -> Ensemble:
    """Fit an ensemble to draws of the sites.

    Parameters
    ----------
    x, y : DataFrame
        Covariates, and places of the parameters in the unit cube, of the same sites. Of several
        tables of parameters each member learns from the next one, and after the last one from the
        first again.
    size : int
        Number of members; the papers have 200.
    method : {"mean", "ridge", "small", "paper"} or tuple of int
        What each member is, see `soilnb.proda.network.fitting`. A forest is an ensemble itself.
    draw : {"separate", "published", "all"}
        See the module's description.
    scaler : Scaler, optional
        As in `soilnb.proda.network.fitting.fit`; by default with the ranges of all sites.
    folder : path, optional
        Keeps each finished member there; an interrupted call is resumed by the same call.
    jobs : int
        Processes. A network uses several cores by itself.
    client : dask.distributed.Client, optional
        Runs on its workers instead.
    progress : bool
        Whether a bar over the members appears when it takes longer than two seconds.
    **options
        Of `soilnb.proda.network.fitting.fit`: loss, dropout, epochs, patience, ...

    Returns
    -------
    Ensemble
        The members by their number; the same, to the last bit, however they came about on one kind
        of machine.

    Raises
    ------
    InputError
        As `soilnb.proda.network.fitting.fit`; for a forest, options that a member decides itself,
        or a folder that cannot be made.
    KeyboardInterrupt
        When interrupted; the message says how far it came.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = pd.DataFrame({"clay": rng.random(60), "npp": rng.random(60)})
    >>> y = pd.DataFrame({"q10": 0.2 + 0.6 * x["clay"] + 0.1 * rng.random(60)})
    >>> ensemble = bootstrap(x, y, size=3, method="ridge", progress=False)
    >>> ensemble.predict(x).dims
    ('member', 'site', 'parameter')
    """
    size = whole("size", size, 1, 100_000)
    _refuse(method, options)
    x, y = _enough(x, y)
    draw_sites(len(x), 0, draw)
    scaler = Scaler.of(x) if scaler is None else scaler
    how = {"method": method, "draw": draw, "scaler": scaler, "options": options}
    store = None if folder is None else _Store(folder, x, y, how)
    found = {} if store is None else store.members(size, progress)
    if store is not None and len(found) < size:
        store.prepare()
    members = complete(
        _member, {k: (x, y[k % len(y)], k, how) for k in range(size)}, found, unit="member",
        on_result=None if store is None else store.write_member,
        jobs=jobs, client=client, progress=progress,
    )  # fmt: skip
    used = np.zeros((len(x), size), bool)
    for k in range(size):
        used[np.concatenate(draw_sites(len(x), k, draw)), k] = True
    columns = pd.RangeIndex(size, name="member")
    return Ensemble(tuple(members[k] for k in range(size)), pd.DataFrame(used, x.index, columns))


def _refuse(method: object, options: Mapping[str, Any]) -> None:
    """Refuse what is no member of a bootstrap, and what a member decides itself."""
    for name in ("seed", "validation", "groups"):
        if name in options:
            raise InputError(f"{name}: each member of a bootstrap has its own")
    if method == "forest":
        raise InputError("method = 'forest': allowed mean, ridge or a network")


def _enough(
    x: pd.DataFrame, y: pd.DataFrame | Sequence[pd.DataFrame]
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Return the sites and their tables, or raise `InputError` where a draw of them is too few."""
    tables = [y] if isinstance(y, pd.DataFrame) else list(y)
    pairs = [check(x, table) for table in tables]
    if not pairs or any(not pair[0].index.equals(pairs[0][0].index) for pair in pairs):
        raise InputError(
            f"y: {len(pairs)} tables of parameters; allowed one or more, of the same sites"
        )
    x = pairs[0][0]
    if round(DRAWN * len(x)) - round(HELD * round(DRAWN * len(x))) < LEAST_SITES:
        raise InputError(
            f"{len(x)} sites for a bootstrap: allowed {round(LEAST_SITES / 0.8)} or more"
        )
    return x, [table for _, table in pairs]


def _member(x: pd.DataFrame, y: pd.DataFrame, number: int, how: Mapping[str, Any]) -> Fitted:
    """Fit one member."""
    learnt, held = draw_sites(len(x), number, how["draw"])
    return learn(
        how["method"], x.iloc[learnt], y.iloc[learnt], validation=(x.iloc[held], y.iloc[held]),
        scaler=how["scaler"], seed=number, progress=False, **how["options"],
    )  # fmt: skip


class _Store(Store):
    """Finished members in a folder, one file each."""

    def __init__(self, folder: str | os.PathLike, x: pd.DataFrame, y: Sequence, how: Mapping):
        super().__init__(folder)
        self.common = [_digest(x, table, how) for table in y]

    def members(self, size: int, progress: bool) -> dict[int, Fitted]:
        """Return the members that are kept and belong to this fit."""
        found = {}
        for number in range(size):
            kept = self.read(_file(number), self._key(number))
            if kept is not None:
                found[number] = Fitted.from_arrays(kept)
        if self.others and progress:
            print(
                f"note: {self.others} members in {self.folder.name} are of other sites or "
                "settings, or incomplete: fitted anew",
                file=sys.stderr,
            )
        return found

    def write_member(self, number: int, member: Fitted) -> Fitted:
        """Keep a member, and return it."""
        self.write(_file(number), self._key(number), member.to_arrays())
        return member

    def _key(self, number: int) -> str:
        return self.common[number % len(self.common)]


def _file(number: int) -> str:
    return f"member_{number:05d}.npz"


def _digest(x: pd.DataFrame, y: pd.DataFrame, how: Mapping[str, Any]) -> str:
    """Return a key of all that decides the members."""
    about = {
        "method": how["method"], "draw": how["draw"], "options": how["options"],
        "x": [str(column) for column in x.columns], "y": [str(column) for column in y.columns],
        "sites": [str(name) for name in x.index], "version": __version__,
    }  # fmt: skip
    key = hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode())
    for table in (x, y, how["scaler"].low, how["scaler"].high):
        key.update(np.ascontiguousarray(table.to_numpy(dtype=float)).tobytes())
    if how["method"] not in BASELINES:
        key.update(Path(__file__).with_name("training.py").read_bytes())
    return key.hexdigest()
