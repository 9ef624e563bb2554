"""Figures of Rötzer et al. 2025, *Coupled C and N turnover in a dynamic pore scale model*.

One function per figure, each from Datasets of `soilnb.pore.simulate` or
`soilnb.pore.simulate_ensemble`. Where a Dataset has the dimension ``seed``, time series show the
mean and the range of the seeds, and maps show the first seed. Figures that compare scenarios take
a mapping of scenario names to Datasets, or one Dataset with the dimension ``scenario``.

The figures are drawn in modules by kind: `soilnb.figures.pore.schematics`,
`soilnb.figures.rotzer2025.maps`, `soilnb.figures.rotzer2025.series` and
`soilnb.figures.rotzer2025.bars`; the tables are made in `soilnb.figures.rotzer2025.tables`.
"""

from soilnb.figures.pore.schematics import fig1, fig2
from soilnb.figures.rotzer2025.bars import fig11
from soilnb.figures.rotzer2025.maps import fig3, fig4, fig7, fig9
from soilnb.figures.rotzer2025.series import fig5, fig6, fig8, fig10, fig12, figA1

__all__ = [
    "fig1", "fig2", "fig3", "fig4", "fig5", "fig6", "fig7", "fig8", "fig9", "fig10", "fig11",
    "fig12", "figA1",
]  # fmt: skip
