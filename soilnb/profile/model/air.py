r"""The radiocarbon of the air, as a soil that is sampled in a year has received it.

Litter carries the radiocarbon of the air of its year (an assumption: leaves do, wood is older), and
loses it at :math:`\lambda = 1/8267` per year. What is left of litter that came :math:`s` years
before the sample is

.. math:: h(s) = a(t - s)\,e^{-\lambda s}, \qquad a = 1 + \Delta^{14}C / 1000,

with the air of a year as one number. A model whose pools pass on fixed shares B of their carbon at
rest then has, of the input u,

.. math:: Y = \sum_i a_i\,\left(e^{(B-\lambda) s_i} - e^{(B-\lambda) s_{i+1}}\right)
              (\lambda - B)^{-1} u,

which is exact (`Air.of`). Chains of many thousand states take an h that is a sum of exponentials
instead (`Air.exponentials`).

:math:`\Delta^{14}C` has the year of the sample in it (Stuiver & Polach 1977,
doi:10.1017/S0033822200003672), so that it is the radiocarbon that was there in that year.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from soilnb.data import open_dataset
from soilnb.parameters import check_known, check_range

#: Decay of radiocarbon, yr-1: one over its mean life (Stuiver & Polach 1977).
DECAY = 1.0 / 8267.0

#: Zones of the record (Graven et al. 2017): they part at 30 degrees.
ZONES, EDGE = ("northern", "tropics", "southern"), 30.0

#: Where the yearly record begins.
YEARLY = 1850

#: Turnover times of the exponentials that stand for a history, yr; the first one decays alone. By
#: trial on 1950 to 2015: means over ages of one and of two pools in a row are met to 6 permil from
#: 1974 on (10 and 22 in the years of the bombs), an error of a tenth of a measured layer's.
TIMES = (np.inf, 1e4, 2000.0, 500.0, 150.0, 80.0, 45.0, 25.0, 14.0, 8.0, 4.0)

#: Rates, yr-1, and pools in a row for which the exponentials are fitted.
RATES, IN_A_ROW = np.logspace(-5.5, 2.5, 100), (1, 2, 3)


@dataclass(frozen=True)
class Air:
    """A history of the air before a sample."""

    #: [n]: years before the sample up to which each value reaches; the last is infinite.
    since: np.ndarray
    value: np.ndarray  #: [n]: 1 + Delta14C / 1000 of the air.
    decay: float = DECAY  #: Of the tracer, yr-1.

    def of(self, moves: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Return the tracer [k] of pools of fixed shares, where a unit is an air of 0 permil.

        Parameters
        ----------
        moves : array [k, k]
            Shares of each pool (column) that go to the pools, minus all that leaves on the
            diagonal, yr-1.
        source : array [k]
            What enters, amount per year.

        Examples
        --------
        >>> constant(decay=0.0).of(np.array([[-0.25]]), np.array([2.0]))
        array([8.])
        """
        falling = moves - self.decay * np.eye(len(source))
        left = np.linalg.solve(-falling, source)
        steps = np.diff(self.since[:-1], prepend=0.0)
        decays, total = {}, np.zeros(len(source))
        for step, value in zip(steps, self.value, strict=False):
            if step not in decays:
                decays[step] = _decayed(falling, step, decays)
            older = np.einsum("ij,j", decays[step], left)  # too small for threads
            total += value * (left - older)
            left = older
        return total + self.value[-1] * left

    def exponentials(self) -> tuple[np.ndarray, np.ndarray]:
        """Return rates p, yr-1, and weights c of the sum of exponentials that stands for h.

        The weights are fitted to the mean of the air over the ages that one to three pools in a
        row of one rate make, for all `RATES`.

        Examples
        --------
        >>> rates, weights = constant(50.0).exponentials()
        >>> round(float(weights[0]), 6), bool(abs(weights[1:]).max() < 1e-9)
        (1.05, True)
        """
        poles = self.decay + 1.0 / np.array(TIMES)
        rows = RATES[:, np.newaxis]
        matrix = np.concatenate([(rows / (rows + poles)) ** n for n in IN_A_ROW])
        target = np.concatenate([self._mean(n) for n in IN_A_ROW])
        return poles, np.linalg.lstsq(matrix, target, rcond=1e-13)[0]

    def _mean(self, n: int) -> np.ndarray:
        """Return the mean of h over the ages of n pools in a row of each of `RATES`."""
        from scipy.special import gammainc

        total = RATES + self.decay
        share = gammainc(n, total[:, np.newaxis] * np.append(0.0, self.since))
        return (RATES / total) ** n * (np.diff(share, axis=1) @ self.value)


def _decayed(falling: np.ndarray, step: float, shorter: dict[float, np.ndarray]) -> np.ndarray:
    """Return exp(falling step): a power of that of a shorter step where there is one."""
    from scipy.linalg import expm

    for known, matrix in reversed(shorter.items()):
        if step % known == 0:
            return np.linalg.matrix_power(matrix, int(step // known))
    return expm(falling * step)


def constant(delta14c: float = 0.0, decay: float = DECAY) -> Air:
    """Return an air that never changed.

    Parameters
    ----------
    delta14c : float
        Permil.
    decay : float
        yr-1; with 0, and 0 permil, the tracer is the carbon itself.

    Examples
    --------
    >>> constant(50.0).value
    array([1.05])
    """
    return Air(np.array([np.inf]), np.array([1.0 + delta14c / 1000.0]), decay)


def zone_of(latitude: float) -> str:
    """Return the zone of the record for a latitude in degrees.

    Examples
    --------
    >>> zone_of(51.0), zone_of(-3.0)
    ('northern', 'tropics')
    """
    return "tropics" if abs(latitude) < EDGE else ZONES[0 if latitude > 0 else 2]


def history(year: int, zone: str = "northern", record: xr.Dataset | None = None) -> Air:
    """Return the history of the air for soil that is sampled in the middle of a year.

    Parameters
    ----------
    year : int
        1850 to 2030. After the end of the record (2015) the air goes on falling as in its last
        five years.
    zone : {"northern", "tropics", "southern"}
        Of the record; before 1850 that of the north stands for all.
    record : Dataset, optional
        The data set ``atmosphere14c``, where it is open already.

    Returns
    -------
    Air
        Year by year back to 1850; before that in steps that grow from 10 to 250 years, which
        no soil tells apart.

    Raises
    ------
    InputError
        For another zone or year.

    Examples
    --------
    >>> air = history(1990)
    >>> air.since[:3]
    array([0.5, 1.5, 2.5])
    """
    check_known("zone", zone, ZONES)
    year = round(check_range("year", year, YEARLY, 2030))
    record = open_dataset("atmosphere14c") if record is None else record
    years, delta = record["year"].values, record["delta14c"].sel(zone=zone).values
    late = years > YEARLY
    last, fall = years[-1], (delta[-1] - delta[-6]) / (years[-1] - years[-6])
    middles = year + 0.5 - np.arange(year - YEARLY + 1)
    recent = np.interp(middles, years[late], delta[late])
    recent += fall * np.maximum(middles - last, 0.0)
    oldest = year + 0.5 - years[0]
    begun = year - YEARLY + 0.5
    edges = begun + np.cumsum(np.repeat([0, 10, 50, 250], [1, 180, 200, 250]))
    edges = edges[edges < oldest]
    before = np.interp(year + 0.5 - (edges[:-1] + edges[1:]) / 2, years, delta)
    since = np.concatenate([0.5 + np.arange(year - YEARLY + 1), edges[1:-1], [np.inf]])
    return Air(since, 1.0 + np.concatenate([recent, before]) / 1000.0)
