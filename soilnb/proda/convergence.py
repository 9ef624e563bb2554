r"""Whether the chains of a profile agree, and how many independent states they are worth.

Rank-normalised R-hat and effective sample sizes of Vehtari et al. (2021, doi:10.1214/20-BA1221),
in the order of ArviZ's arithmetic, so that the numbers are ArviZ's to the last bit; but for all
parameters at once, where ArviZ takes them one by one. And the papers' own statistic.

Chains are cut into halves, states become normal scores of their ranks. With W the mean variance
within the m halves of n states, and B / n the variance of their means,

.. math:: \hat R = \sqrt{\frac{B / W + n - 1}{n}}, \qquad
          \text{ESS} = \frac{m\,n}{-1 + 2 \sum_t \hat\rho_t}

where the autocorrelations :math:`\hat\rho_t` count up to the first pair of lags whose sum is not
positive, and pairs may not rise (Geyer).
"""

import numpy as np

#: A profile has converged when its largest rank R-hat, or the mean of the papers' statistic over
#: its parameters, is below this (Tao et al. 2023, Methods).
CONVERGED = 1.05

#: What the tails' effective sample size looks at: being below these quantiles.
TAILS = (0.05, 0.95)


def diagnose(states: np.ndarray) -> dict[str, np.ndarray]:
    """Return R-hat and effective sample sizes of each parameter.

    Parameters
    ----------
    states : array [chain, draw, d]
        Finite states of two chains or more, four draws or more.

    Returns
    -------
    dict of str to array [d]
        ``r_hat`` (the larger one of the states and of their distances from the median),
        ``ess_bulk`` and ``ess_tail``.
    """
    values = np.ascontiguousarray(np.moveaxis(states, -1, 0), dtype=float)
    halves = _halves(values)
    away = np.abs(halves - np.median(halves, axis=(1, 2), keepdims=True))
    scores = _scores(halves)
    tails = [_size(_halves(values <= _quantile(values, level))) for level in TAILS]
    return {
        "r_hat": np.maximum(_r_hat(scores), _r_hat(_scores(away))),
        "ess_bulk": _size(scores),
        "ess_tail": np.minimum(*tails),
    }


def _halves(values: np.ndarray) -> np.ndarray:
    """Return the first and the second halves of chains [d, chain, draw] as [d, 2 chains, half]."""
    half = values.shape[-1] // 2
    return np.concatenate([values[..., :half], values[..., -half:]], axis=1)


def _scores(values: np.ndarray) -> np.ndarray:
    """Return Blom's normal scores of the ranks over all chains [d, chain, draw]."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    flat = values.reshape(len(values), -1)
    ranks = rankdata(flat, axis=1)
    return ndtri((ranks - 3 / 8) / (flat.shape[1] - 2 * 3 / 8 + 1)).reshape(values.shape)


def _quantile(values: np.ndarray, level: float) -> np.ndarray:
    """Return a quantile of [d, chain, draw] as [d, 1, 1]: type 7 of R."""
    ordered = np.sort(values.reshape(len(values), -1), axis=1)
    place = ordered.shape[1] * level + (1 - level)
    below = int(np.clip(place, 1, ordered.shape[1] - 1))
    share = place - below
    return ((1 - share) * ordered[:, below - 1] + share * ordered[:, below])[:, None, None]


def _r_hat(values: np.ndarray) -> np.ndarray:
    n = values.shape[-1]
    between = n * _variance(values.mean(-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt((between / _variance(values).mean(-1) + n - 1) / n)


def _variance(values: np.ndarray) -> np.ndarray:
    """Return the variance over the last axis: of sums in order, as ArviZ's last bit has it."""
    n = values.shape[-1]
    one, two = (np.add.accumulate(v, axis=-1)[..., -1] / n for v in (values, values * values))
    return (two - one**2) * (n / (n - 1))


def _size(values: np.ndarray) -> np.ndarray:
    """Return the effective sample size [d] of [d, chain, draw]."""
    values = values.astype(float)
    n, number = values.shape[-1], values[0].size
    covariance = _autocovariance(values).mean(1)
    within = covariance[:, :1] * n / (n - 1.0)
    total = within * (n - 1.0) / n + _variance(values.mean(-1))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = 1.0 - (within - covariance) / total
    rho[:, 0] = 1.0
    same = np.ptp(values, axis=(1, 2)) < np.finfo(float).resolution
    return np.array([
        number if flat else number / max(_time(lags), 1 / np.log10(number))
        for lags, flat in zip(rho, same, strict=True)
    ], dtype=float)  # fmt: skip


def _autocovariance(values: np.ndarray) -> np.ndarray:
    from scipy.fft import next_fast_len

    n = values.shape[-1]
    wave = np.fft.rfft(values - values.mean(-1, keepdims=True), n=next_fast_len(2 * n))
    wave *= np.conjugate(wave)
    return np.fft.irfft(wave, n=next_fast_len(2 * n))[..., :n] / n


def _time(rho: np.ndarray) -> float:
    """Return the integrated autocorrelation time of autocorrelations by lag, in steps."""
    pairs = rho[: 2 * max((len(rho) - 1) // 2, 1)].reshape(-1, 2)
    sums = pairs.sum(1)
    last = int(np.argmin(np.append(sums[:-1] > 0, False)))
    least = np.minimum.accumulate(sums[:last])
    kept = np.where((sums[:last] > least)[:, None], least[:, None] / 2.0, pairs[:last])
    end = pairs[last, 0] if pairs[last, 0] > 0 or sums[last] >= 0 else 0.0
    return -1.0 + 2.0 * np.sum(kept) + end


def gelman_rubin(chains: list[np.ndarray]) -> np.ndarray:
    r"""Return the papers' statistic of convergence of each parameter [d].

    .. math:: \sqrt{\frac{(n-1) W / n + B / n}{W}}

    with W the mean of the variances within the chains, B / n the variance of the chains' means,
    and n the number of states of the last chain (phxtao/PRODA_MIC@90918f41).

    Parameters
    ----------
    chains : list of array [state, d]
        States of each chain; the numbers may differ.
    """
    n = len(chains[-1])
    within = np.mean([chain.var(0, ddof=1) for chain in chains], axis=0)
    between = np.var([chain.mean(0) for chain in chains], axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(((n - 1) / n * within + between) / within)
