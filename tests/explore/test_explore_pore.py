"""Explorers of the pore-scale model at trait level: move a control, look at soil and picture."""

import numpy as np
import pytest

from soilnb.claims import measures
from soilnb.explore import pore
from soilnb.explore.base import Control, states
from soilnb.explore.pore import live
from soilnb.explore.pore.board import DRAWINGS
from soilnb.figures import films
from soilnb.figures import pore as figures
from soilnb.figures.pore import maps as pore_maps
from soilnb.kernels import reaction
from soilnb.parameters import InputError
from soilnb.pore import motion, simulate, simulate_ensemble
from soilnb.pore.diagnostics import CELLS
from soilnb.pore.parameters import PAPER_SOLID, THICKNESS, VOXEL, resolve, voxel_mass
from soilnb.pore.structure import dispersed

SMALL = (64, 64)


@pytest.fixture(scope="module")
def structure():
    return pore.structure(shape=SMALL, steps=40)


@pytest.fixture(scope="module")
def runs():
    return simulate_ensemble(
        ["reference", "static"], (0, 1), jobs=1, days=6, shape=SMALL, initial_steps=10,
        snapshots=[6], progress=False,
    )  # fmt: skip


# All of them --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "changes"),
    [
        (pore.voxel, {"cn": 10.0}),
        (pore.voxel, {"c_b": 200.0}),
        (pore.well_mixed, {"exposed": 0.3}),
        (pore.well_mixed, {"cn_pom": 10.0}),
        (lambda: pore.transport(side=64), {"start": "a small pore"}),
        (lambda: pore.transport(side=64), {"hours": 3.0}),
    ],
    ids=["voxel-cn", "voxel-biomass", "pot-exposed", "pot-pom", "transport-start", "hours"],
)
def test_moving_a_control_changes_picture_and_words_and_reset_brings_them_back(make, changes):
    explorer = make()
    picture, words = bytes(explorer.picture.value), explorer.words.value
    explorer.set(**changes)
    assert bytes(explorer.picture.value) != picture
    assert explorer.words.value != words
    explorer.reset()
    assert explorer.words.value == words


# One voxel ----------------------------------------------------------------------------------------


def test_all_carbon_that_a_voxel_takes_up_is_accounted_for():
    sweep = pore.one_voxel(cn=40.0)
    total = sum(sweep[name] for name in figures.FATES)
    assert np.allclose(total, 1.0, rtol=1e-12)


def test_nitrogen_limits_above_the_threshold_and_carbon_below():
    sweep = pore.one_voxel()
    threshold = sweep.attrs["threshold"]
    above, below = sweep["cn"] > threshold * 1.001, sweep["cn"] < threshold * 0.999
    assert 10 < threshold < 30
    assert (sweep["R_O"].values[above] > 0).all()
    assert (sweep["R_O"].values[below] == 0).all()
    # where nitrogen limits, efficiency is that of the elements: (C/N)_B over the C/N taken up
    taken = sweep.attrs["taken"]
    expected = 10 / sweep["cn"].values[above] / taken
    assert np.allclose(sweep["growth"].values[above], expected)
    assert pore.one_voxel(cn=8.0).attrs["limited_by"] == "carbon"
    assert pore.one_voxel(cn=80.0).attrs["limited_by"] == "nitrogen"


def test_the_voxel_explorer_says_what_limits():
    explorer = pore.voxel()
    assert "nitrogen limits growth" in explorer.words.value
    explorer.set(cn=8.0)
    assert "Here carbon limits growth" in explorer.words.value
    assert ", 0 % of" not in explorer.words.value
    assert "; 0 % of the uptake is overflow" in explorer.words.value


@pytest.mark.parametrize(
    ("make", "name", "values"),
    [(pore.voxel, "cn", (12.0, 30.0, 60.0)), (pore.well_mixed, "exposed", (0.2, 0.3, 0.15))],
    ids=["voxel", "well_mixed"],
)
def test_a_move_computes_once_and_draws_into_the_same_figure(make, name, values, monkeypatch):
    # What makes an explorer without space fast; how fast is measured in benchmarks/.
    explorer = make()
    figure, calls = explorer.canvas.figure, []
    compute = explorer._compute
    monkeypatch.setattr(
        explorer, "_compute", lambda **given: (calls.append("computed"), compute(**given))[1]
    )
    monkeypatch.setattr(figure, "set_layout_engine", lambda kind: calls.append("laid out"))
    for value in values:
        explorer.set(**{name: value})
    assert explorer.canvas.figure is figure
    assert calls == ["computed"] * len(values)


# One pot ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exposed", [0.02, 0.11, 0.6])
def test_the_pot_keeps_its_carbon(exposed):
    pot = pore.pot(exposed=exposed, days=230, mass=1.3)
    held = pot["C_POM"] + pot["C_Nec"] + pot["C_B"] + pot["C_S"]
    respired = (pot["R_G"] + pot["R_M"] + pot["R_O"]).cumsum("time")
    # a particle of 15 voxels with 0.48 g cm-3, in 36,812 voxels of 2.36 g cm-3
    fresh = 1e3 * 15 * 0.48 / (36812 * 2.36)
    came = fresh * (pot["time"] // 10) + 1.3 * (pot["time"] >= 200)
    residual = held + respired - held[0] - came
    assert np.abs(residual).max() < 1e-12 * float(held[0])


def test_the_pot_at_steady_biomass_meets_the_identity():
    pot = pore.pot(days=199)
    efficiency = float(pot["CUE"].sel(time=slice(150, 199)).mean())
    assert efficiency == pytest.approx(pot.attrs["identity"], rel=0.02)
    drift = float(pot["C_B"][199] / pot["C_B"][150])
    assert drift == pytest.approx(1.0, abs=0.05)


def test_access_pays_twice_and_nitrogen_ends_the_overflow():
    half, whole = (float(pore.pot(exposed=x, days=199)["C_B"][199]) for x in (0.11, 0.22))
    assert whole > 2 * half
    rich = pore.pot(cn_pom=10.0, days=199)
    assert float(rich["R_O"][150:].sum()) < 0.01 * float(rich["R_G"][150:].sum())
    assert float(rich["CUE"][199]) > float(pore.pot(days=199)["CUE"][199])


def test_the_pot_is_the_plain_sum_of_its_hours():
    # The kernel's days again, in words of Python.
    p = resolve({"cn_pom": 40.0, "cn_root": 10.0})
    found = pore.pot(exposed=0.3, cn_pom=40.0, mass=2.0, cn_root=10.0, days=205)
    scale = 1e3 * p["porosity"] / (p["solid_density"] * (1 - p["porosity"]))
    mass = PAPER_SOLID * voxel_mass(p)
    per_voxel = 1e3 * VOXEL * VOXEL * THICKNESS * 1e-12 / mass
    pom, necromass, c_s = 6.24, 2.61, p["dissolved_start"]
    n_s = c_s / p["cn_dissolved_start"]
    c_b = per_voxel * p["biomass_cells"] * p["biomass_start"] / scale
    names = "uptake_rate half_saturation growth_respiration maintenance biomass_decay cn_biomass"
    kinetics = [p[name] for name in names.split()]
    for day in range(1, 206):
        fresh = per_voxel * p["pom_voxels"] * p["pom_start"] if day % 10 == 0 else 0.0
        pom, taken_up = pom + fresh, 0.0
        for _ in range(24):
            living = scale * c_b / (per_voxel * p["biomass_reference"])
            rate = 0.3 * (p["decay_base"] + living) / 24
            lost = pom * -np.expm1(-p["decay_pom"] * rate)
            died = necromass * -np.expm1(-p["decay_necromass"] * rate)
            root = 2.0 / 24 if day == 200 else 0.0
            c_s += (lost + died + root) / scale
            n_s += (lost / 40.0 + died / p["cn_necromass"] + root / 10.0) / scale
            c_s, n_s, c_b, taken, *_, dead = reaction.voxel_step(
                c_s, n_s, c_b, *kinetics, 0, 3600.0
            )
            n_s *= np.exp(-p["leak"])
            pom, necromass = pom - lost, necromass + scale * dead - died
            taken_up += scale * taken
    ours = [float(found[name][-1]) for name in ("C_POM", "C_Nec", "C_B", "C_S", "N_S", "f_U")]
    assert ours == pytest.approx(
        [pom, necromass, scale * c_b, scale * c_s, scale * n_s, taken_up], rel=1e-10
    )


# The drawing board --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def board():
    return pore.board(days=20)


def carbon(run):
    return {name: float(values[run.state.day]) for name, values in run.series.items()}


def test_a_skin_of_solid_starves_the_microbes_and_a_hole_in_it_feeds_them(board):
    left = {}
    for name in DRAWINGS:
        board.set(drawing=name)
        board.time.value = 20
        now = carbon(board.result)
        left[name] = now["C_POM"] / float(board.result.series["C_POM"][0])
        budget = sum(now[pool] for pool in ("C_B", "C_Nec", "C_POM", "C_S", "C_CO2"))
        start = sum(float(board.result.series[n][0]) for n in ("C_B", "C_Nec", "C_POM", "C_S"))
        assert budget == pytest.approx(start, rel=1e-12)
    bare, coated, hole = left.values()
    assert coated == 1.0
    assert bare < 0.5
    assert 0.5 < hole < 0.95
    board.reset()


def test_what_is_drawn_with_mouse_finger_or_keys_becomes_a_soil(board):
    board.reset()
    board.time.value = 3
    board.pen.label, board.width.value = "solid", 2
    canvas = board.canvas_of_cells
    canvas._mouse_down_callbacks(6 * 2, 6 * 5)
    canvas._mouse_move_callbacks(6 * 12, 6 * 5)
    assert board.time.value == 3  # while the pen is down nothing runs
    canvas._mouse_up_callbacks(6 * 12, 6 * 5)
    assert board.time.value == 0
    assert (board.result.state.solid[5:7, 2:14] > 0).all()
    canvas._mouse_move_callbacks(6 * 30, 6 * 30)  # the pen is up
    assert np.array_equal(board.cells > 0, board.drawing > 0)
    board.pen.label, board.width.value = "pore", 1
    board.across.value, board.down.value = 7, 5
    board.put.click()
    assert board.result.state.solid[5, 7] == 0
    board.pen.label = "microbes"
    canvas._touch_start_callbacks([(6 * 20, 6 * 2)])
    canvas._touch_end_callbacks([])
    assert board.result.state.biomass[2, 20]
    one = board.result.state.solid
    assert one[5, 3] == one[5, 12] > 0  # what is connected is one particle
    board.reset()
    assert board.drawing is None


def test_a_drawing_that_is_no_soil_is_refused_in_a_line(board):
    board.reset()
    board.pen.label, board.width.value = "solid", 16
    board.stroke([(down, across) for down in range(0, 64, 8) for across in range(0, 64, 8)])
    assert "no pore voxel" in board.words.value
    board.set(drawing="coated with solid")  # a new sheet
    assert "Exposed share of organic matter 0.00" in board.words.value
    board.reset()


# Transport ----------------------------------------------------------------------------------------


def test_a_point_spreads_in_open_water_as_theory_says():
    # implicit steps add exactly 4 D dt to the mean square distance, as long as no edge is near
    point = pore.point_source("open water", coefficient="1.94e-11", hours=24, side=96)
    assert float(point["share"].sum()) == pytest.approx(1.0, abs=1e-12)
    assert np.allclose(point["distance"], point["theory"], rtol=1e-3)
    assert float(point["theory"][24]) == pytest.approx(25.9, abs=0.1)


def test_a_solute_never_leaves_its_pore():
    point = pore.point_source("soil, porosity 0.41", "a small pore", hours=96, side=64)
    reached = point["reach"].values
    assert 8 <= reached.sum() <= 60
    assert (point["share"].values[~reached] == 0).all()
    assert float(point["share"].sum()) == pytest.approx(1.0, abs=1e-12)
    # four days are enough to fill it evenly
    inside = point["share"].values[reached]
    assert inside.max() / inside.min() < 1.05


def test_walls_slow_a_point_down():
    soil = pore.point_source("soil, porosity 0.41", hours=24, side=96)
    water = pore.point_source("open water", hours=24, side=96)
    assert float(soil["distance"][24]) < 0.8 * float(water["distance"][24])
    with pytest.raises(KeyError):
        pore.point_source("sand")


def test_pores_are_sorted_as_in_the_measures(runs):
    run = runs.sel(scenario="reference").isel(seed=0)
    found = pore.pore_space(runs, 6)
    table = measures.pores(run, 6)
    assert found.sizes["pore"] == len(table)
    counts = table["kind"].value_counts()
    for kind in figures.PORE_KINDS:
        of_kind = found["kind"].values == kind
        assert of_kind.sum() == counts.get(kind, 0)
        voxels = found["voxels"].values[of_kind].sum()
        assert (found["kind_map"] == list(figures.PORE_KINDS).index(kind)).sum() == voxels
    mean = float((found["availability"] * found["voxels"]).sum() / found["voxels"].sum())
    assert mean == pytest.approx((table.availability * table.voxels).sum() / table.voxels.sum())
    closed = ~np.isin(found["cell"], [CELLS["pore"], CELLS["biomass"]])
    assert (found["kind_map"].values[closed] == -1).all()


# Structure, live ----------------------------------------------------------------------------------


def test_the_structure_is_stepped_once_for_each_step_that_is_looked_at(structure, monkeypatch):
    structure.reset()
    steps = []
    step = structure._step
    monkeypatch.setattr(structure, "_step", lambda soil: (steps.append(1), step(soil)))
    assert structure.time.value == structure.start == 20
    structure.time.value = 32
    assert len(steps) == 12
    there = bytes(structure.picture.value), structure.words.value
    structure.time.value = 3
    assert bytes(structure.picture.value) != there[0]
    structure.time.value = 32
    assert len(steps) == 12
    assert (bytes(structure.picture.value), structure.words.value) == there
    structure.time.value = 34
    assert len(steps) == 14


def test_play_step_and_speed_move_the_soil_on(structure):
    structure.reset()
    buttons, where = structure._row.children
    play, step, speed = buttons.children
    _, slider, number = where.children
    play.value = 5
    assert slider.value == number.value == 5
    assert "Step 5:" in structure.words.value
    step.click()
    assert "Step 6:" in structure.words.value
    before = play.interval
    speed.label = "fast"
    assert play.interval < before


def test_a_soil_that_is_kept_stands_beside_the_next(structure):
    structure.reset()
    alone, said = bytes(structure.picture.value), structure.words.value
    assert structure._place.layout.display == "none"
    structure.keep.value = True
    assert structure._place.layout.display is None
    structure.set(break_other=0.8)
    assert bytes(structure.other.value) == alone
    assert bytes(structure.picture.value) != alone
    kept = said.removeprefix("<p role='status' style='line-height:1.4;margin:4px 0'>Step 20: ")
    assert structure.words.value.endswith(f"Kept beside it: {kept}")
    structure.time.value = 22  # both go on
    assert bytes(structure.other.value) != alone
    structure.keep.value = False
    assert structure._place.layout.display == "none"
    assert "Kept" not in structure.words.value
    structure.reset()


def test_two_soils_stand_side_by_side_from_the_start_and_after_a_reset():
    explorer = pore.live_run(shape=SMALL, days=32, initial_steps=3).beside(movement="no")
    found = states.states(explorer)
    assert found["controls"][0]["stops"][found["beside"][0]] == "no"
    assert {f"{found['beside'][0]},{k}" for k in range(len(explorer.frames))} <= {*found["states"]}
    assert "mineral" in found["legend"]
    explorer.time.value = 31
    still, moving = explorer._kept.soil, explorer.result
    assert still.state.day == moving.state.day == 31
    assert not np.array_equal(still.state.solid, moving.state.solid)
    explorer.reset()
    assert explorer.keep.value
    assert explorer._kept.soil.movement is False
    assert "Kept beside it: biomass" in explorer.words.value


def test_every_control_of_the_structure_changes_what_is_shown_first(structure):
    # At step 0 nothing has moved yet, and weights and break-up would do nothing.
    for name in ("weight_organic", "break_organic", "break_other"):
        structure.reset()
        before = bytes(structure.picture.value)
        structure.controls[name].value = structure.controls[name].max
        assert bytes(structure.picture.value) != before, name
    structure.reset()


def test_the_structure_begins_anew_when_a_control_moves_and_ends_where_the_slider_is(structure):
    structure.reset()
    structure.time.value = 10
    before = bytes(structure.picture.value)
    structure.set(break_other=0.8, break_organic=0.6)
    assert structure.time.value == 10
    assert "Step 10:" in structure.words.value
    assert bytes(structure.picture.value) != before
    structure.set(break_other=0.30, break_organic=0.12)
    assert bytes(structure.picture.value) == before  # same seed, same soil


def test_more_break_up_exposes_more_organic_matter():
    explorer = pore.structure(shape=(96, 96), steps=40)
    explorer.time.value = 40
    calm = motion.exposed_shares(explorer.result.state, explorer.result.parameters)
    explorer.set(break_organic=0.5, break_other=0.75)
    shaken = motion.exposed_shares(explorer.result.state, explorer.result.parameters)
    assert shaken["exposed_POM"] > 1.5 * calm["exposed_POM"]
    assert f"POM {shaken['exposed_POM']:.2f}" in explorer.words.value


def test_the_texture_follows_its_slider():
    structure = pore.structure(shape=(96, 96), steps=5)
    structure.set(fine=40.0)
    parameters = structure.result.parameters
    assert parameters["share_1_2"] == 40.0
    assert sum(parameters[name] for name in parameters if name.startswith("share_")) == (
        pytest.approx(100)
    )
    found = pore.fractions(structure.result.state, parameters)
    assert float(found["realised"][0]) == pytest.approx(40.0, abs=1.0)


def test_a_texture_that_does_not_fit_is_said_in_one_line_and_nothing_moves(structure):
    structure.reset()
    picture = bytes(structure.picture.value)
    structure.set(fine=60.0)
    assert "for the class 63-200 µm" in structure.words.value
    structure.time.value = 2
    assert "for the class 63-200 µm" in structure.words.value
    assert bytes(structure.picture.value) == picture
    structure.reset()
    assert "Step 20:" in structure.words.value


def test_bad_values_of_a_live_explorer_are_one_line():
    def refuse(x):
        raise InputError(f"x = {x}: allowed 0 to 1")

    explorer = live.Live(
        {"x": Control("x (1)", 2.0, 0.0, 3.0)}, refuse, lambda soil: None,
        lambda soil: np.zeros((12, 12), int), lambda soil: "", name="Step (d)", last=3,
    )  # fmt: skip
    assert "x = 2.0: allowed 0 to 1" in explorer.words.value


@pytest.mark.parametrize(
    "make",
    [
        lambda: pore.structure(shape=SMALL, steps=40),
        lambda: pore.live_run(shape=SMALL, days=40, initial_steps=2),
    ],
    ids=["structure", "live_run"],
)
def test_a_live_soil_steps_once_and_draws_once_for_a_move_of_its_slider(make, monkeypatch):
    # What lets it be stepped ten times a second; how fast is measured in benchmarks/.
    explorer = make()
    first = explorer.time.value
    done = []
    step, frames = explorer._step, pore_maps.frames
    monkeypatch.setattr(explorer, "_step", lambda soil: (done.append("step"), step(soil)))
    monkeypatch.setattr(
        pore_maps, "frames", lambda *maps: (done.append("picture"), frames(*maps))[1]
    )
    for move in range(1, 11):
        explorer.time.value = first + move
    assert done == ["step", "picture"] * 10


def test_a_control_that_leaves_the_first_soil_alone_does_not_make_it_again(monkeypatch):
    structure = pore.structure(shape=SMALL, steps=2)
    monkeypatch.setattr(pore, "dispersed", None)  # nothing is placed any more
    structure.set(weight_organic=8.0, break_other=0.5)
    assert "Step 2:" in structure.words.value
    live = pore.live_run(shape=SMALL, days=5, initial_steps=2)
    monkeypatch.setattr(pore, "aggregated", None)
    live.set(mass=0.0, movement="no")
    assert "Day 5:" in live.words.value


def test_the_live_run_has_its_pulse_and_stands_still_when_told_to():
    explorer = pore.live_run(shape=SMALL, days=32, initial_steps=5)
    explorer.set(movement="no")
    solid = explorer.result.state.solid.copy()
    explorer.time.value = 29
    before = explorer.result.series["C_S"][29]
    explorer.time.value = 30
    assert np.array_equal(explorer.result.state.solid, solid)
    series = explorer.result.series
    assert series["R_root"][30] == pytest.approx(0.77)
    assert series["C_S"][30] > before + 0.3
    assert "Day 30: biomass" in explorer.words.value
    explorer.set(mass=0.0)
    assert explorer.result.series["R_root"][30] == 0.0


def test_the_texture_that_was_made_is_that_of_table_3():
    state = dispersed((128, 128), 1)
    found = pore.fractions(state)
    assert np.abs(found["realised"] - found["target"]).max() < 1.0
    assert int(found["particles"].sum()) == state.size_class.size - 1
    assert float(found["realised"].sum()) == pytest.approx(100)


# A run, recorded ----------------------------------------------------------------------------------


def test_a_recorded_run_is_played_by_its_snapshots_and_says_where_food_is(monkeypatch):
    run = simulate("reference", days=20, shape=SMALL, initial_steps=10, snapshots=[0, 10, 20],
                   progress=False)  # fmt: skip
    explorer = pore.recorded(run)
    assert "Day 0: microbes live in" in explorer.words.value
    explorer.time.value = 2
    table = measures.pores(run, 20)
    lived = table["kind"] != "empty"
    part = table[lived]
    mean = (part["availability"] * part["voxels"]).sum() / part["voxels"].sum()
    share = 100 * part["voxels"].sum() / table["voxels"].sum()
    assert f"Day 20: microbes live in {share:.0f} %" in explorer.words.value
    assert f"Availability of carbon there {mean:.2f}" in explorer.words.value
    found = states.states(explorer)
    assert list(found["states"]) == ["0", "1", "2"]
    assert explorer.words.value.endswith(f"{found['states']['2'][1]}</p>")


# Films --------------------------------------------------------------------------------------------


def test_a_film_of_aggregation_has_at_most_forty_pictures():
    cells, labels = pore.aggregation(SMALL, steps=50)
    assert len(cells) == len(labels) <= films.MOST_FRAMES
    assert labels[0] == "step 0"
    assert labels[-1] == "step 50"
    assert (cells[0] != cells[-1]).any()
    same = [np.count_nonzero(c == CELLS["mineral"]) for c in cells]
    assert len(set(same)) == 1
    page = pore_maps.animation(pore_maps.frames(cells, labels), labels, "Particles aggregate.")
    assert len(page.html) < films.MOST_BYTES


def test_a_film_plays_pictures_that_are_there_already(monkeypatch):
    cells = [np.full((12, 12), code) for code in range(4)]
    film = live.film(cells, ["a", "b", "c", "d"], "Codes go by.")
    monkeypatch.setattr(pore_maps, "frames", None)  # nothing is drawn any more
    assert film.time.max == 3
    seen = []
    for number in range(4):
        film.time.value = number
        seen.append(bytes(film.picture.value))
    assert len(set(seen)) == 4
    film.time.value = 1
    assert bytes(film.picture.value) == seen[1]
    assert "b. Codes go by." in film.words.value
    play = film.children[0].children[0].children[0]
    play.value = 2
    assert film.time.value == 2
    with pytest.raises(InputError, match="film of 0 pictures"):
        live.Film([], [], "Nothing.")


# Scenarios ----------------------------------------------------------------------------------------


def test_scenarios_are_looked_up_not_run(runs, monkeypatch):
    explorer = pore.scenarios(runs)
    assert explorer.values["scenario"] == "without movement"
    explorer.set(day=4.0)
    expected = 1000 * float(runs["C_B"].sel(scenario="static", time=4).mean("seed"))
    assert f"biomass {expected / 1000:.3g} mg g⁻¹" in explorer.words.value
    assert ">Day 4, without movement beside" in explorer.words.value
    picture = bytes(explorer.picture.value)
    for show in figures.SHOWN:
        explorer.set(show=show)
        assert "Day 4" in explorer.words.value
    assert bytes(explorer.picture.value) != picture


def test_scenarios_come_as_a_mapping_too():
    both = {
        name: simulate(name, days=3, shape=SMALL, initial_steps=0, progress=False)
        for name in ("reference", "static")
    }
    explorer = pore.scenarios(both)
    line = next(
        line for line in explorer.canvas.figure.axes[0].lines if line.get_label() == "biomass"
    )
    lines = [line for line in explorer.canvas.figure.axes[0].lines if line.get_label() == "biomass"]
    drawn = {line.get_linestyle(): line.get_ydata() for line in lines}
    assert np.allclose(drawn["-"], both["static"]["C_B"])
    assert np.allclose(drawn[":"], both["reference"]["C_B"])
    assert line.get_xdata()[-1] == 3
