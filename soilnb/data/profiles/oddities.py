"""What the owner of a table may not have meant: possible, and not likely, so that it is said.

Nothing is refused or changed here. A slip of one layer's unit looks like carbon that is far from
both layers beside it: of the 513 profiles of ISRaD 7 look so. Exchanged latitude and longitude look
like a place that is far too cold: of the same profiles one does, on a mountain.
"""

import numpy as np
import pandas as pd

from soilnb.data.profiles.understood import Understood

#: A layer holds this many times more, or less, carbon than both layers beside it, to be a slip.
SLIP = 3.0

#: Warmest annual mean at sea level (degC), and its fall with the square of latitude: assumptions.
EQUATOR, FALL = 28.0, 0.008

#: Colder than expected at a place by so much (degC), and as expected at the other: exchanged.
COLDER, AS_EXPECTED = 12.0, 6.0


def note(layers: pd.DataFrame, understood: Understood) -> None:
    """Note what the owner of a table may not have meant, and what it costs.

    Parameters
    ----------
    layers : DataFrame
        Layers in documented units, with their carbon density.
    understood : Understood
        The record, which gets a note for each kind.
    """
    empty = (layers["carbon_density"] == 0).sum()
    understood.drop("no carbon (0, or stones only)", empty)
    names = pd.Series(layers["profile"].unique())
    for _, alike in names.groupby(names.str.casefold().str.split().str.join(" ")):
        if len(alike) > 1:
            understood.notes.append(f"{' and '.join(map(repr, alike))} are profiles of their own")
    _note_slips(layers, understood)
    if {"latitude", "longitude"} <= set(layers.columns):
        _note_exchanged(layers, understood)
        nowhere = layers["profile"][(layers["latitude"] == 0) & (layers["longitude"] == 0)]
        if len(nowhere):
            others = f" and {nowhere.nunique() - 1} more" if nowhere.nunique() > 1 else ""
            understood.notes.append(
                f"{nowhere.iloc[0]!r}{others} at latitude 0, longitude 0, in the Atlantic; leave "
                "both empty where the place is not known"
            )


def _note_slips(layers: pd.DataFrame, understood: Understood) -> None:
    """Note layers that fit between those above and below them with ten times, or a tenth of, it."""
    known = layers[layers["organic_carbon"] > 0]
    known = known.iloc[np.lexsort((known["top"], pd.factorize(known["profile"])[0]))]
    carbon, names = known["organic_carbon"].to_numpy(), known["profile"].to_numpy()
    if len(carbon) < 3:
        return
    above, here, below = carbon[:-2], carbon[1:-1], carbon[2:]
    least, most = np.minimum(above, below), np.maximum(above, below)
    few = (here * SLIP < least) & (10 * here > least / 1.5) & (10 * here < most * 1.5)
    much = (here > most * SLIP) & (here / 10 > least / 1.5) & (here / 10 < most * 1.5)
    one = (names[:-2] == names[1:-1]) & (names[2:] == names[1:-1])
    rows = np.flatnonzero(one & (few | much)) + 1
    if len(rows):
        row = rows[0]
        others = f", and {len(rows) - 1} more layers" if len(rows) > 1 else ""
        other = "ten times as much" if few[row - 1] else "a tenth of it"
        understood.notes.append(
            f"{names[row]!r} at {known['top'].iloc[row]:g} to {known['bottom'].iloc[row]:g} m has "
            f"{carbon[row]:.3g} % organic carbon, and {other} would fit the layers above and "
            f"below; in another unit than they?{others}"
        )


def _note_exchanged(layers: pd.DataFrame, understood: Understood) -> None:
    """Note places that are too cold for their latitude, but not for their longitude as one."""
    if "temperature" not in layers:
        return
    first = layers.drop_duplicates("profile")
    north, east, warm = (first[name].to_numpy() for name in ("latitude", "longitude",
                                                             "temperature"))  # fmt: skip
    with np.errstate(invalid="ignore"):
        here, there = (warm - (EQUATOR - FALL * degrees**2) for degrees in (north, east))
        odd = (here < -COLDER) & (np.abs(there) < AS_EXPECTED) & (np.abs(east) <= 90)
    if odd.any():
        row = int(np.argmax(odd))
        others = f" and {odd.sum() - 1} more" if odd.sum() > 1 else ""
        understood.notes.append(
            f"{first['profile'].iloc[row]!r}{others}: {warm[row]:g} degC at latitude "
            f"{north[row]:g} is that of high mountains; are latitude and longitude exchanged?"
        )
