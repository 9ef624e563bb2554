"""The map kit: limits of colours, and cells of a grid with gaps."""

import numpy as np
import xarray as xr
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from soilnb.figures import maps


def test_a_map_that_is_the_same_everywhere_has_a_scale():
    norm = maps.norm(np.full(5, 0.14), False)
    assert norm.vmin < 0.14 < norm.vmax
    assert maps.norm(np.full(5, np.nan), False).vmax > 0


def test_a_cell_beside_a_gap_is_drawn_no_wider_than_the_others():
    lon = np.array([-60.0, -57.2, -54.4, -51.6, 0.1, 2.9])  # an ocean between
    cells = xr.Dataset(coords={"latitude": ("site", np.tile(10.0, 6)), "longitude": ("site", lon)})
    ax = Figure().subplots()
    mesh = maps.world(ax, cells, np.arange(6.0), "viridis")
    edges = mesh.get_coordinates()[0, :, 0]
    assert np.ptp(np.diff(edges)) < 0.2
    drawn = np.ma.filled(mesh.get_array(), np.nan).ravel()
    np.testing.assert_array_equal(drawn[np.isfinite(drawn)], np.arange(6.0))


def test_a_map_shows_bare_land_below_its_cells_and_coasts_above_them():
    cells = xr.Dataset(
        coords={"latitude": ("site", [-2.0, 2.0]), "longitude": ("site", [20.0, 24.0])}
    )
    ax = Figure().subplots()
    mesh = maps.world(ax, cells, np.arange(2.0))
    ground, coast = ax.images
    assert ground.zorder < mesh.zorder < coast.zorder

    def drawn(image, lat, lon):
        return image.get_array()[int(2 * (lat + 90)), int(2 * (lon + 180))]

    for lat, lon, name in ((23, 10, "Sahara"), (-25, 135, "Australia"), (52, 10, "Europe")):
        np.testing.assert_allclose(drawn(ground, lat, lon), to_rgba(maps.BARE), err_msg=name)
        assert drawn(coast, lat, lon)[3] == 0
    assert drawn(ground, 0, -140)[3] == 0  # the Pacific
    share = (coast.get_array()[..., 3] > 0).mean()
    assert 0.01 < share < 0.06
    maps.world(ax, cells, np.arange(2.0))  # a second layer of cells brings no second coast
    assert len(ax.images) == 2
    assert ax.get_ylim() == maps.ENDS
