"""Measures of profiles and of what was assimilated to them count what they say."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from soilnb import claims
from soilnb.claims.measures import profiles as measures
from soilnb.lessons.globe.convergence import regions
from soilnb.proda import observations, regressions
from soilnb.proda.regressions import ASSIMILATED, MEASURED


def of_carbon(*rows):
    width = max(len(row) for row in rows)
    padded = [[*row, *[np.nan] * (width - len(row))] for row in rows]
    return xr.Dataset({"carbon_density": (("profile", "layer"), padded)})


def test_shapes_of_profiles():
    found = measures.shapes(of_carbon([5, 4, 3], [1, 3, 2], [3, 1, 2], [4, 2, 1, 0.5], [1, 2, 3]))
    assert found == pytest.approx({"falling": 40, "middle": 20, "zigzag": 40})


def test_a_function_of_carbon_explains_the_density_that_it_made():
    profiles = observations.twin_profiles(30)
    matter = 10 * measures.ORGANIC_MATTER * profiles["organic_carbon"]
    exact = profiles.assign(bulk_density=0.3 + 1.2 * np.exp(-0.01 * matter))
    assert measures.density_fit(exact) == pytest.approx(100)
    noise = np.random.default_rng(0).normal(0, 0.3, exact["bulk_density"].shape)
    assert measures.density_fit(exact.assign(bulk_density=exact["bulk_density"] + noise)) < 90


def test_filters_are_counted_one_after_the_other():
    table = pd.DataFrame({"gelman_rubin": [1.0, 1.04, 1.2, 1.01], "nse": [0.5, -0.2, 0.9, 0.1]})
    found = measures.passing(table, 6)
    assert found == pytest.approx({"tao-pass-chains": 50, "tao-pass-nse": 200 / 3})
    assert measures.passing(table, 6, limit=0.9)["tao-pass-nse"] == 0


def test_variance_explained_as_the_papers_count_it():
    """R2 of a line through observed over predicted values, by hand, with and without groups."""
    rows = regressions.twin(2)
    fit = regressions.fit(rows, MEASURED["log-additive"], r2="observed")
    fixed = fit.predict(rows["cue"], depth=0, mat=0)
    for name in ("depth", "mat"):
        fixed = fixed + fit.coefficients.loc[name, "estimate"] * rows[name]
    both = fixed + rows["study"].map(fit.effects)
    observed = np.log10(rows["soc"])
    assert fit.explained_fixed == pytest.approx(np.corrcoef(observed, fixed)[0, 1] ** 2)
    assert fit.explained == pytest.approx(np.corrcoef(observed, both)[0, 1] ** 2)
    other = regressions.fit(rows, MEASURED["log-additive"])
    assert other.explained != pytest.approx(fit.explained, rel=1e-3)
    pd.testing.assert_frame_equal(other.coefficients, fit.coefficients)


def test_every_number_of_the_tables_is_a_claim():
    known, rows = claims._claims(), regressions.twin()
    ours = measures.tableED1(rows.drop(columns="depth"))
    depths = {f"tao-ed1-{name}-depth" for name in MEASURED}
    assert ours.keys() | depths == {name for name in known if name.startswith("tao-ed1")}
    climate = rows.rename(columns={"study": "climate"})
    assert measures.tableED2(climate).keys() == {
        name for name in known if name.startswith("tao-ed2")
    } | {"tao-2b", "tao-2b-intercept", "tao-2b-slope"}
    assert set(ASSIMILATED) == {"intercepts", "slopes"}


def test_a_region_has_the_mean_of_its_cells_by_area():
    world = xr.Dataset(
        {
            "stock": (("site", "to_depth"), [[5.0], [20.0], [30.0], [99.0]]),
            "kept": ("site", [True, True, True, False]),
        },
        {
            "to_depth": [1.0],
            "latitude": ("site", [60.0, 0.0, 2.0, 1.0]),
            "longitude": ("site", [120.0, -60.0, -60.0, -61.0]),
            "area": ("site", [1.0, 1.0, 3.0, 1.0]),
            "climate_zone": ("site", ["boreal", "tropical", "tropical", "tropical"]),
        },
    )
    found = {name: value for name, value in regions(world).items() if np.isfinite(value)}
    assert found["amazon"] == found["tropical"] == pytest.approx(27.5)
    assert found["east-siberia"] == found["boreal"] == 5
