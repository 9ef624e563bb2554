"""Checkpoints and states that are damaged, or whole and wrong: one line, whoever notices."""

import io
import zipfile

import numpy as np
import pytest
import xarray as xr
from mangling import mutated, same, spoilt

from soilnb.parameters import InputError
from soilnb.pore import Run, aggregated, files, simulate
from soilnb.pore.state import State

FINE = {"share_1_2": 40, "share_2_6": 60, "share_6_20": 0, "share_20_63": 0, "share_63_200": 0}
SMALL = {"shape": (32, 36), "initial_steps": 3, "parameters": FINE, "progress": False}


def run(**options):
    return simulate("static", **SMALL | {"days": 6, "snapshots": (2,)} | options)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A checkpoint of day 4: its bytes, and its arrays."""
    path = tmp_path_factory.mktemp("good") / "state"
    run(days=4, checkpoint=path).close()
    with np.load(path) as entries:
        return path.read_bytes(), {name: entries[name] for name in entries.files}


def said(call, *arguments, **options):
    """Return the one line with which a call is refused; nothing when it is not."""
    try:
        call(*arguments, **options)
    except InputError as error:
        text = str(error)
    else:
        return ""
    assert "\n" not in text
    return text


def write(path, arrays):
    with path.open("wb") as file:
        np.savez(file, **arrays)


# Damaged ----------------------------------------------------------------------------------------


def test_damaged_bytes_are_noticed_by_some_layer(good, tmp_path, cases):
    """Bits turned, pieces lost, doubled or exchanged: the right result, or one line."""
    whole, _ = good
    rng = np.random.default_rng(cases.seed)
    path, noticed, right = tmp_path / "state", 0, run(days=5)
    for _ in range(cases(60)):
        path.write_bytes(spoilt(whole, rng))
        found = []
        line = said(lambda: found.append(run(days=5, resume=path)))  # noqa: B023
        if line:
            assert str(path) in line
            noticed += 1
        else:
            xr.testing.assert_equal(found[0], right)
    assert noticed > 20


# Whole and wrong ---------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_well_formed_but_wrong_checkpoints_are_refused_or_harmless(good, tmp_path, cases):
    """Without its digest a change is refused; with a forged one nothing crashes or hangs."""
    _, arrays = good
    rng = np.random.default_rng(cases.seed)
    path, refusals, tried = tmp_path / "state", 0, 0
    for k in range(cases(120)):
        bad = mutated(arrays, rng)
        if same(bad, arrays):
            continue
        forged = k % 2
        if forged:
            bad["digest"] = np.array(files._digest(bad))
        write(path, bad)
        tried += 1
        line = said(run, days=5, resume=path)
        assert line or forged, "a changed checkpoint was taken"
        refusals += bool(line)
    assert refusals > 0.7 * tried


def test_a_checkpoint_that_would_fill_the_memory_is_refused(good, tmp_path):
    _, arrays = good
    path = tmp_path / "state"
    huge = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        huge, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            content = io.BytesIO()
            np.save(content, values)
            archive.writestr(f"{name}.npy", content.getvalue())
        with archive.open("state.more.npy", "w") as entry:
            entry.write(huge.getvalue())
            for _ in range(40):
                entry.write(bytes(1_000_000))
    with pytest.raises(InputError, match="allowed a file that a run has written"):
        run(resume=path)


def test_one_of_other_sources_is_taken_and_said(good, tmp_path, capsys):
    _, arrays = good
    arrays = arrays | {"code": np.array("0123456789abcdef")}
    arrays["digest"] = np.array(files._digest(arrays))
    path = tmp_path / "state"
    write(path, arrays)
    data = run(days=5, resume=path, progress=None)
    assert "was written by other sources (code 0123456789abcdef" in data.attrs["notes"]
    assert "written by other sources" in capsys.readouterr().err
    xr.testing.assert_equal(data, run(days=5))


# A state that a user hands over -----------------------------------------------------------------


@pytest.fixture(scope="module")
def state():
    state = aggregated((32, 36), 0, FINE, 3)
    step = Run("static", initial=state, days=3).begin()
    step.step()
    return step.state


def outcome(given):
    return simulate("static", initial=given, days=2, progress=False)


def test_order_and_type_of_the_arrays_do_not_matter(state):
    """A transposed image is an array in Fortran's order, which kernels would read askew."""
    expected = outcome(state)
    turned = state.copy()
    for name in ("solid", "organic", "kind", "c_s", "n_s", "c_b", "c_nec", "c_pom"):
        setattr(turned, name, np.asfortranarray(getattr(state, name)))
    turned.reactive = state.reactive.astype(float)
    turned.age = np.asfortranarray(state.age.astype(np.int64))
    turned.solid = turned.solid.astype(np.int64)
    turned.size_class = state.size_class.tolist()
    xr.testing.assert_equal(outcome(turned), expected)


@pytest.mark.parametrize("kind", ["MT19937", "PCG64DXSM", "Philox", "SFC64"])
def test_any_generator_of_numpy_goes_into_a_checkpoint_and_back(state, tmp_path, kind):
    given = state.copy()
    given.rng = np.random.Generator(getattr(np.random, kind)(3))
    options = {"initial": given, "progress": False}
    simulate("static", days=2, checkpoint=tmp_path / "state", **options)
    there = simulate("static", days=4, resume=tmp_path / "state", **options)
    xr.testing.assert_equal(there, simulate("static", days=4, **options))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.solid.__setitem__(s.solid == 1, 10**6), "solid = 1000000; allowed numbers"),
        (lambda s: s.organic.__setitem__(s.organic == 1, 77), "organic = 77; allowed numbers"),
        (lambda s: setattr(s, "size_class", s.size_class[:5]), "allowed numbers below 5"),
        (lambda s: setattr(s, "size_class", np.zeros(10**5, int)), "size_class of 100000"),
        (lambda s: setattr(s, "next_organic", 10**12), "next_organic = 1e+12: allowed 0 to"),
        (lambda s: setattr(s, "next_organic", 2.5), "allowed whole numbers"),
        (lambda s: setattr(s, "pom_due", 1e9), "pom_due = 1e+09: allowed"),
        (lambda s: setattr(s, "c_s", s.c_s[:-1]), "c_s has the shape (31, 36)"),
        (lambda s: setattr(s, "kind", s.kind.astype("U1")), "kind of type <U1; allowed numbers"),
        (lambda s: setattr(s, "solid", s.solid + 0.5), "values that are no int32"),
        (lambda s: setattr(s, "rng", 7), "rng is a int; allowed a numpy.random.Generator"),
        (lambda s: s.budget.pop("n_leak"), "budget of c_co2"),
        (lambda s: s.budget.update(c_co2=-1.0), "budget c_co2 = -1: allowed 0 to"),
        (lambda s: s.kind.__setitem__(s.organic > 0, 9), "kind = 9; allowed 0 to 3"),
        (lambda s: s.kind.__setitem__(s.organic > 0, 0), "kind = 0 in an organic particle"),
        (lambda s: s.solid.__setitem__(s.organic > 0, 1), "a voxel is mineral and organic"),
        (lambda s: s.glue.__setitem__(..., 1), "glue > 0 in open voxels"),
        (lambda s: s.age.__setitem__(..., 1), "age > 0 in unglued sides"),
        (lambda s: np.random.default_rng(0).shuffle(s.solid.ravel()), "in pieces"),
        (lambda s: s.c_s.__setitem__(..., 1e300), "c_s = 1e+300; allowed 0 to 10000 g cm-3"),
    ],
)
def test_a_state_that_cannot_be_is_one_line(state, change, message):
    given = state.copy()
    if message == "in pieces":
        given.solid[given.organic == 0] = given.solid[given.organic == 0][::-1]
        for name in ("c_s", "n_s", "c_b", "c_nec", "reactive", "glue", "age"):
            getattr(given, name)[...] = 0
    else:
        change(given)
    with pytest.raises(InputError) as error:
        outcome(given)
    assert str(error.value).startswith("initial: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_wild_states_never_crash(state, cases):
    rng = np.random.default_rng(cases.seed)
    before = state.to_arrays()
    refusals = 0
    for _ in range(cases(150)):
        arrays = mutated({k: v for k, v in before.items() if k != "rng"}, rng)
        given = state.copy()
        for name, values in arrays.items():
            if name == "budget":
                keys = list(given.budget)
                given.budget = dict(zip(keys, values.reshape(-1).tolist(), strict=False))
            else:
                setattr(given, name, values if values.ndim else values.item())
        refusals += bool(said(outcome, given))
    assert refusals > 50


def test_something_else_is_no_state():
    with pytest.raises(InputError, match=r"initial is a dict: allowed a soilnb\.pore\.State"):
        simulate("static", initial={}, progress=False)
    with pytest.raises(InputError, match="checkpoint lacks solid"):
        State.from_arrays({})
