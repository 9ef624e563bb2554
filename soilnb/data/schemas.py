"""What Datasets contain: the schemas that readers and twins of a data set build theirs by.

The variables stand in the table ``variables``, those of results too. A schema of data sets that
share it (`SITES` of ``lter`` and ``mimics``) has a name of its own.
"""

from soilnb.data import tables
from soilnb.schema import Schema, Variable

#: MIMICS pools in the order of the models of this package (the testbed file has another).
MIMICS_POOLS = ("LITm", "LITs", "MICr", "MICK", "SOMp", "SOMc", "SOMa")

#: Layers of the turnover times.
TURNOVER_LAYERS = ("0-20", "20-40", "40-60", "60-80", "80-100")

_TEXTS = dict.fromkeys(("dims", "table", "coordinate", "symbol"), "")
_TABLE = tables.read("variables").fillna(_TEXTS).groupby("schema")


def variables(name: str) -> dict[str, Variable]:
    """Return the variables of a schema by name; all have a symbol where one has.

    Examples
    --------
    >>> variables("posterior")["rmse"].unit
    'g C m-3'
    """
    rows = _TABLE.get_group(name)
    symbols = rows["symbol"] if rows["symbol"].any() else [None] * len(rows)
    return {
        row.variable: Variable(
            row.unit, row.meaning, row.kind, tuple(row.dims.split()), bool(row.coordinate),
            row.table, symbol, (row.low, row.high) if row.low == row.low else None,
        )
        for row, symbol in zip(rows.itertuples(), symbols, strict=True)
    }  # fmt: skip


def _schema(name: str, dim: str, **labels: tuple[str | int, ...]) -> Schema:
    return Schema(dim, variables(name), labels or None)


#: LTER sites (`lter`, `mimics`): what the pool models take, and the observed stock.
SITES = _schema("sites", "site")

#: The global grid (`testbed`): real grid and teaching planet alike.
TESTBED = _schema("testbed", "cell", pool=MIMICS_POOLS)

#: Measured carbon use efficiency (`cue`).
CUE = _schema("cue", "record")

#: Soil respiration records (`srdb`).
RESPIRATION = _schema("respiration", "record")

#: Layers of soil profiles (`israd`).
LAYERS = _schema("layers", "layer")

#: Depth distributions of roots (`roots`).
ROOTS = _schema("roots", "profile")

#: Turnover times and ages of soil carbon by depth, and carbon profiles by climate (`turnover`).
TURNOVER = _schema(
    "turnover",
    "profile",
    layer=TURNOVER_LAYERS,
    climate=(
        *("arid", "cold temperate", "tropical", "tundra/polar", "volcanic soils"),
        "warm temperate",
    ),
    depth=tuple(range(1, 101)),
)

#: Soil carbon and fine roots under agroforestry and arable crops (`silsoe`).
SILSOE = _schema("silsoe", "sample")

#: Carbon dioxide from incubated soil (`sidb`).
INCUBATIONS = _schema("incubations", "observation")

#: Parameter file of the Community Land Model 5 (`clm5`).
CLM5 = _schema("clm5", "pft", variant=("water", "carbon"))

#: Radiocarbon of the atmosphere by year (`atmosphere14c`).
ATMOSPHERE14C = _schema("atmosphere14c", "year", zone=("northern", "tropics", "southern"))
