"""The map of what needs what, on the first page of the book."""

from collections.abc import Iterable

from soilnb.pipeline.pages.markdown import html

#: Where a page takes the map.
PLACE = "<!-- concept map -->"

#: By notebook: the idea in two short lines, and the notebooks that it builds on.
IDEAS = {
    "00_start_here": ("a model, a slider,", "a number to check", ()),
    "10_pore_structure": ("particles that", "come together", ("00_start_here",)),
    "11_pore_chemistry": ("what limits growth", "in one voxel", ("00_start_here",)),
    "12_pore_transport": ("who meets whom", "in the pores", ("10_pore_structure",)),
    "13_dynamic_reference": (
        "a balance that", "nobody ordered", ("10_pore_structure", "11_pore_chemistry")
    ),
    "14_static_against_dynamic": ("what movement", "is good for", ("13_dynamic_reference",)),
    "15_exudates": ("what a root feeds", "", ("13_dynamic_reference",)),
    "16_what_was_not_printed": (
        "which choice", "decides what", ("14_static_against_dynamic",)
    ),
    "20_what_is_cue": ("five measures,", "five efficiencies", ("00_start_here",)),
    "21_controls_of_cue": ("what moves", "an efficiency", ("20_what_is_cue",)),
    "22_diagnosed_cue": ("the efficiency", "of a whole soil", ("00_start_here",)),
    "23_five_models": ("five models", "of one soil", ("00_start_here",)),
    "30_layered_models": ("a soil in layers", "as one matrix", ("00_start_here",)),
    "31_cue_soc_pathways": (
        "more efficiency:", "more or less carbon", ("20_what_is_cue", "30_layered_models")
    ),
    "32_site_assimilation": ("what one pit says", "about parameters", ("30_layered_models",)),
    "33_meta_analysis": ("what many", "measurements say", ("20_what_is_cue",)),
    "34_proda_globe": (
        "from pits", "to the planet", ("32_site_assimilation", "33_meta_analysis")
    ),
    "35_what_controls_soc": ("what controls", "soil carbon", ("34_proda_globe",)),
    "36_convergence": ("same carbon,", "same reasons?", ("34_proda_globe",)),
    "37_under_change": ("same carbon,", "same future?", ("36_convergence",)),
    "38_second_witness": ("what a second", "witness adds", ("32_site_assimilation",)),
    "40_whole_profile": ("carbon two", "metres down", ("00_start_here",)),
    "41_management": ("storing it", "at depth", ("40_whole_profile",)),
    "50_pore_to_planet": ("from the pore", "to the planet", ("15_exudates", "31_cue_soc_pathways")),
    "60_your_soil": ("your own pits,", "image and sites", ("00_start_here",)),
}  # fmt: skip

#: Width and height of a box, and of the room that it has.
_BOX, _ROOM = (132, 40), (162, 50)


def picture(notebooks: Iterable[str]) -> str:
    """Return the map as HTML, with the notebooks that are pages of the book.

    Its boxes stand side by side; where that is wider than the page, it is a list.
    """
    here = [name for name in IDEAS if name in set(notebooks)]
    places = _places(here)
    boxes = [
        {
            "name": name,
            "lines": [line for line in IDEAS[name][:2] if line],
            "at": places[name],
            "level": level(name),
            "needs": [needed[:2] for needed in IDEAS[name][2] if needed in places],
        }
        for name in here
    ]
    edges = [
        _edge(places[needed], places[name])
        for name in here
        for needed in IDEAS[name][2]
        if needed in places
    ]
    size = [max(at[i] for at in places.values()) + _BOX[i] + 4 for i in (0, 1)] if here else [0, 0]
    return html("concept_map", boxes=boxes, edges=edges, size=size, box_size=_BOX)


def level(name: str) -> int:
    """Return how many notebooks stand, one on the other, below this one."""
    return max((1 + level(needed) for needed in IDEAS[name][2]), default=0)


def onward(name: str) -> list[str]:
    """Return the notebooks that build on this one; where none does, the one that follows it.

    The last notebook has nothing after it but the first.
    """
    names = list(IDEAS)
    after = [other for other, (*_, needs) in IDEAS.items() if name in needs]
    return after or [names[(names.index(name) + 1) % len(names)]]


def _places(names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Place each box: to the right of what it needs, below those of the part before."""
    places, top = {}, 0
    names = list(names)
    for part in dict.fromkeys(name[0] for name in names):
        used: dict[int, int] = {}
        for name in names:
            if name[0] == part:
                column = level(name)
                places[name] = (2 + column * _ROOM[0], 2 + (top + used.get(column, 0)) * _ROOM[1])
                used[column] = used.get(column, 0) + 1
        top += max(used.values())
    return places


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the path from the right of a box to the left of another, along the other's row."""
    x, y = start[0] + _BOX[0], start[1] + _BOX[1] / 2
    gap, down = _ROOM[0] - _BOX[0], end[1] + _BOX[1] / 2
    middle = x + gap / 2
    return f"M{x} {y:g} C{middle:g} {y:g} {middle:g} {down:g} {x + gap} {down:g} H{end[0]}"
