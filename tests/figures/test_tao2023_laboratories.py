"""The picture of two laboratories shows what each found, and the line that misleads."""

import numpy as np

from soilnb.figures.tao2023.laboratories import laboratories

FOUND = {"on sand": [(0.3, 10.0), (0.4, 12.0)], "on peat": [(0.6, 200.0), (0.7, 240.0)]}


def slope(line):
    x, y = line.get_data()
    return (np.log10(y[-1]) - np.log10(y[0])) / (x[-1] - x[0])


def test_the_line_through_all_points_is_steeper_than_that_of_any_laboratory():
    [ax] = laboratories(FOUND).axes
    drawn = {line.get_label(): line for line in ax.lines}
    for name, pairs in FOUND.items():
        assert np.array_equal(drawn[name].get_xydata(), pairs)
    within = [line for line in ax.lines if line.get_label().startswith("_")]
    assert np.allclose([slope(line) for line in within], np.log10(1.2) / 0.1)
    assert slope(drawn["through all points"]) > 3 * slope(within[0])
    assert ax.get_yscale() == "log"


def test_every_laboratory_is_drawn_however_many_there_are():
    many = {f"laboratory {k}": [(0.3, 10.0 + k), (0.4, 12.0 + k)] for k in range(7)}
    [ax] = laboratories(many).axes
    assert set(many) < {line.get_label() for line in ax.lines}
