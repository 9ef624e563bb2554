"""The page of the book on a reader's own soil: prose, with tables from the code."""

from soilnb.data import tables
from soilnb.data.profiles import columns, units
from soilnb.pipeline.pages.markdown import WIDE, escape, printed, table, unit
from soilnb.profile import plausible

_TEXT = """\
# Bring your own soil

A table of soil pits, a site of four numbers, a year of weather: what you have goes in as it is,
and what was understood of it is shown before anything is computed. Nothing is guessed where two
readings are possible.

## Soil pits

One row for each layer, with a header: start from this template (made-up numbers), saved as
`my_pits.csv`,

```text
{template}
```

or take your own file: CSV with commas, semicolons, tabs or bars, decimal points or commas, in
UTF-8, UTF-16 or a code page of Windows; an Excel workbook (`.xlsx`); or either of them
compressed. Whoever writes no code uploads it in the notebook *Your own soil* (`60_your_soil`).
Ask first what would be understood, which changes nothing:

```text
soilnb check my_pits.xlsx
soilnb check my_pits.csv --column organic_carbon=SOC --unit organic_carbon=g/kg
soilnb check my_slice.png --column pore=0 --column solid=255    # an image
```

A table of sites, a year of months, a scenario (TOML) and a forcing (netCDF) are checked likewise.

The same in Python, and then the profile assimilated into both layered models:

```python
from soilnb.proda import assimilate, observations

pits = observations.read_csv(
    "my_pits.csv", {{"organic_carbon": "SOC"}}, units={{"organic_carbon": "g/kg", "depth": "m"}}
)
observations.describe(pits)  # columns, units, counts, what was left out and why
observations.refused(pits)  # the profiles that cannot be used, each with its reason
one = pits.isel(profile=0)
found = {{model: assimilate(one, model=model) for model in ("compas", "clm5")}}
```

### Columns

{columns}

Case, blanks and hyphens of a heading do not matter, and a heading may end with its unit, as in
`SOC (g/kg)`. Names of public databases (WoSIS, NASIS and KSSL, ISIS, AfSP, NEON, LUCAS, ISRaD,
FAO, SoilGrids) are known: where a needed column is missing, the message gives the `columns=` that
takes it, with whatever else is known in the table. So are common German, French, Spanish,
Portuguese and Italian words. What has no use is listed by `soilnb check`, and so is the number of
layers whose bulk density is the pedotransfer function's.

### Units

A unit is declared by `units=`, by the heading, `SOC (g/kg)`, `SOC g/kg` or `soc_g_kg`, or by a
row of units below the header:

{units}

Organic matter is no carbon: `units={{"organic_carbon": "% organic matter"}}` takes 58 % of it.

Where nobody says, the whole table decides, by what goes together in nature: soil of 1.4 g cm⁻³
cannot hold 12 % of carbon, and peat of 0.12 g cm⁻³ can hold 55; stones, sand or clay of at most 1
throughout are fractions; soil pits reach about a metre. If one reading is left it is taken, and
said in one line. If two are left the table is refused with both, and with what settles it. Where
sources are mixed, each is judged apart (column `study`, else by profile), and a profile that does
not tell is refused.

The same line says what became of the rows: how many profiles are refused, with the first reason,
layers with 0 carbon that are left out, names that differ only in case or blanks, places at
latitude 0 and longitude 0 or with the two exchanged (as far as the temperature tells), and a layer
that fits those above and below it with ten times its carbon, or a tenth. For a site or a climate,
numbers that are possible and more likely in another unit are said: litter in kg ha⁻¹, degrees
Fahrenheit, a forest's rain in cm.

### Depth

Depth counts from the top. Organic layers above the mineral soil may be written as negative depths
(-5 to 0), counted upward (5 to 0), or as heights (5 to 0, and the mineral soil 0 to -10). Depth
then counts from the top of the organic layer, or, with `datum="drop"`, the organic layers are
left out. Depths in one column (`0-10`) become two. A layer without a bottom (`100+`) or without
thickness costs that layer.

### Missing values

{missing} To add others: `missing=[-99, "n.d.", "<0.1"]`, or `missing="<"` for all that is below
detection. A name stays a name: `007`, `1.10` and `NA` are three pits.

### What the messages mean

{messages}

## An image

A segmented picture (PNG, TIFF, NumPy file) or an array becomes a soil of the pore scale: one value
for each phase, and the edge of a pixel in µm. Here a made-up one (*synthetic*):

```python
import numpy as np
from soilnb.pore import from_image, simulate

grains = np.kron(np.random.default_rng(1).random((24, 24)) < 0.6, np.ones((4, 4)))
state = from_image(grains.astype("uint8"), resolution=2.0)  # note: ... porosity 0.4
run = simulate("static", initial=state, days=30)
```

| an image | is read |
| --- | --- |
| 0, 1, 2, 3 | as pore, solid, organic, necromass |
| two others, as 0 and 255 | with `codes={{0: "pore", 255: "solid"}}`, or the reverse |
| one bit, a palette, white as zero | with `values="shown"` or `"stored"`, where they differ |
| a stack | with `page=`, one slice |
| grey values | never: segment first, the refusal names Otsu's threshold |
| voxels that are not square | never: resample first |

What was understood is said in one line, porosity first; an image of two values is refused until
somebody says which is solid, with the porosity that each reading gives.

## A site

Box models take a mapping, an `xarray.Dataset` or a `pandas.DataFrame` with one row for each site
(the guide for teachers says where to find the numbers):

```python
from soilnb.profile import millennial, mimics

site = {{"temperature": 9.5, "clay": 0.22, "npp": 450, "lignin_to_n": 18, "water": 0.3}}
mimics.steady_state(site)["carbon"].sum()
millennial.steady_state(site)["carbon"].sum()
```

## A year of weather

A monthly file of FLUXNET (`..._MM.csv`), an input file of RothC, or a table with the columns
month, temperature and precipitation makes the forcing of the layered models:

```python
from soilnb.profile import forcing

year = forcing.read_monthly("FLX_DE-Hai_FLUXNET2015_FULLSET_MM.csv")
place = forcing.from_climate(**forcing.arguments(year), latitude=51.1, vegetation="DBF")
```

Vegetation is a word, an IGBP number or FLUXNET's letters. A year of 30 mm under a forest is
refused: the files of FLUXNET have millimetres a *day*. With `variant="monthly"` water and air of
the soil follow the months: a bucket between wilting point and field capacity, and what drains.

## Does the answer mean anything?

Every result says so. `feasible` (layered models): there is a steady state. `stable`: a small
disturbance of it dies away. `plausible`: carbon is a number and at most {most:g} kg C m⁻³, which
is humus with the fewest pores; box models stand for {depth:g} m of soil where they do not say
(`soilnb.profile.plausible` has the sources).
"""

#: What messages say, and what to do.
MESSAGES = (
    ("may be in g kg-1 or in %", "two readings fit; declare one of them, as the message has it"),
    ("did you mean ... then columns=", "the table has the column under the name of a database; "
     "copy what follows"),
    ("line 7 of ... has 10 cells, the header 9", "a separator inside a cell, often a decimal "
     "comma; nothing is shifted silently"),
    ("two places under one name", "one name stands for pits at two places; add the place or the "
     "study to the name"),
    ("layers overlap, not sorted, there twice", "a slip of the key, or two pits under one name; "
     "sort=True sorts the layers"),
    ("2 layers with organic carbon: needed 3 or more", "a rule of the papers; least_layers= and "
     "least_depth= loosen it"),
    ("can hardly be in % as in the rest of the table", "a few profiles that contradict their bulk "
     "density; look at them"),
    ("is organic matter, 58% carbon", "loss on ignition, humus or organic matter; say its unit"),
    ("unknown unit of organic_carbon 'kg m-2'", "the heading says a unit that this column cannot "
     "have: divide by the thickness, or take another column"),
    ("no row has as many cells as the header", "a separator inside a heading needs quotes"),
    ("is a formula without a value", "the workbook was never computed; open and save it"),
    ("is an address", "nothing is downloaded behind your back; download the file first"),
)  # fmt: skip


def page() -> str:
    """Return the page."""
    rows = columns.table()
    known = [
        [f"`{name}`", unit(row.unit), row.need, escape(printed(row.meaning))]
        for name, row in rows.iterrows()
    ]
    accepted = [
        [", ".join(f"`{name}`" for name in group.index), ", ".join(map(unit, _names(documented)))]
        for documented, group in rows.groupby("unit", sort=False)
        if len(_names(documented)) > 1
    ]
    texts = ", ".join(f"`{text}`" for text in columns.EMPTY if text)
    codes = ", ".join(f"`{code:g}`" for code in columns.CODES)
    messages = [[escape(line), escape(meaning)] for line, meaning in MESSAGES]
    return WIDE + _TEXT.format(
        template=tables.read("profile_template").to_csv(index=False).strip(),
        columns=table(["column", "unit", "need", "meaning"], known, [24, 16, 14, 46]),
        units=table(["column", "units"], accepted, [40, 60]),
        missing=f"Empty cells and {texts} are no numbers, and neither are {codes}, where a column "
        "cannot have them.",
        messages=table(["message", "what it means"], messages, [40, 60]),
        most=plausible.MOST / 1000,
        depth=plausible.DEPTH,
    )


def _names(documented: str) -> list[str]:
    """Names of the units that a column may come in, each once."""
    every = (found.name for found in units.family(documented).values())
    names = dict.fromkeys(name for name in every if "organic" not in name)
    return ["fraction" if name == "1" else name for name in names]
