"""Tables 1 to 4 of the paper, from the model's own names and records."""

from collections.abc import Mapping

import pandas as pd

from soilnb.parameters import ParameterSet
from soilnb.pore.diagnostics import RATES, STATE_VARIABLES
from soilnb.pore.parameters import size_classes, with_parameters

# Table 4: printed symbol, printed value and unit, and our record.
_TABLE4 = (
    (r"\nu_{C_S}", "1.6e-5", "s-1", "uptake_rate"),
    ("k_{C_S}", "116", "µg g-1", "half_saturation"),
    ("C_B^0", "158", "µg g-1", "biomass_start"),
    ("C_B^{MIN}", "0.0016", "g cm-3", "biomass_min"),
    ("C_B^{MAX}", "0.3168", "g cm-3", "biomass_max"),
    ("N_B^0", "216", "1", "biomass_cells"),
    ("(C/N)_S^0", "10", "1", "cn_dissolved_start"),
    ("C_S^0", "1e-5", "g cm-3", "dissolved_start"),
    ("C^{Ex}", "1e-2", "g cm-3", "glue_threshold"),
    ("C_{POM}^0", "0.48", "g cm-3", "pom_start"),
    ("C_{Nec}^0", "0.3168", "g cm-3", "necromass_start"),
    ("k_{POM}", "0.0096", "d-1", "decay_pom"),
    ("k_{MN}", "0.0096", "d-1", "decay_necromass"),
    ("C_B^k", "6.3360", "g cm-3", "biomass_reference"),
    ("D_S", "1.94e-10", "cm2 s-1", "diffusion"),
    ("(C/N)_B", "10", "1", "cn_biomass"),
    ("(C/N)_{Nec}", "10", "1", "cn_necromass"),
    ("(C/N)_{POM}", "100", "1", "cn_pom"),
    ("(C/N)_{Root}", "40", "1", "cn_root"),
    ("k_G", "0.26", "1", "growth_respiration"),
    ("k_M", "0.3e-6", "s-1", "maintenance"),
    ("k_{Nec}", "1.6e-6", "s-1", "biomass_decay"),
    ("k_{leak}", "0.0001", "h-1", "leak"),
    ("R_{root}", "3.6", "µg h-1 cm-2", "exudation_rate"),
)


@with_parameters
def tables(parameters: str | Mapping = "default") -> dict[str, pd.DataFrame]:
    """Return Tables 1 to 4 of the paper from the records, under the keys ``"1"`` to ``"4"``.

    Table 2 has the model's formulas; Table 4 has the printed value beside the value in use, and
    the symbol as printed beside the one used here where a misprint makes them differ.
    """
    one = pd.DataFrame.from_dict(
        STATE_VARIABLES, orient="index", columns=["symbol", "description"]
    ).rename_axis("variable")
    two = pd.DataFrame.from_dict(
        RATES, orient="index", columns=["symbol", "definition", "description"]
    ).rename_axis("variable")
    columns = ["Feret_diameter", "low_um", "high_um", "contribution_percent", "reactive_percent"]
    rows = [
        (c.label, c.low, c.high, 100 * c.share, 100 * c.reactive) for c in size_classes(parameters)
    ]
    three = pd.DataFrame(rows, columns=columns)
    columns = ["parameter", "printed_symbol", "symbol", "definition", "printed_value"]
    columns += ["printed_unit", "value", "unit", "reference"]
    rows = [_row_of_table4(parameters, *row) for row in _TABLE4]
    four = pd.DataFrame(rows, columns=columns).set_index("parameter")
    return {"1": one, "2": two, "3": three, "4": four}


def _row_of_table4(
    chosen: ParameterSet, symbol: str, printed: str, unit: str, name: str
) -> tuple[str | float, ...]:
    r = chosen.records[name]
    return name, symbol, r.symbol, r.meaning, printed, unit, r.value, r.unit, r.source
