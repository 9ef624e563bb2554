"""Parts of a picture: what stands side by side is cut where nothing is, and stays whole."""

import io
import json

import numpy as np
import pytest
from matplotlib import mathtext
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL import Image

from soilnb import panels, results
from soilnb.figures.pore import series


def side_by_side(count, width, *, label="carbon", **options):
    """A figure with lines in so many panels."""
    figure = Figure(figsize=(width, 3), layout="constrained")
    for ax in figure.subplots(1, count, squeeze=False, **options).ravel():
        ax.plot([0, 1], [0, 1], label=label)
        ax.set_title("a panel")
    figure.axes[0].set_ylabel("carbon (kg)")
    return figure


def parts(figure):
    """The parts of a figure, as its picture carries them."""
    with Image.open(io.BytesIO(results.picture(figure))) as picture:
        text = picture.info.get(panels.CHUNK)
    return json.loads(text)["parts"] if text else []


def test_panels_side_by_side_are_parts_that_a_phone_shows_in_full_size():
    found = parts(side_by_side(3, 10))
    assert [len(part) for part in found] == [1, 1, 1]
    assert max(width for [(_, _, width, _)] in found) <= panels.WIDEST
    lefts = [left for [(left, *_)] in found]
    ends = [left + width for [(left, _, width, _)] in found]
    assert all(end <= left + 2 * panels.MARGIN for end, left in zip(ends, lefts[1:], strict=False))


def test_panels_that_share_an_axis_get_its_words():
    first, second, third = parts(side_by_side(3, 10, sharey=True))
    assert [len(part) for part in (first, second, third)] == [1, 2, 2]
    words = second[0]
    assert words[0] == first[0][0]
    assert words[2] < 1
    assert words[1] == second[1][1]  # as high as the panel that they stand at,
    assert 0.1 < second[1][3] - words[3] < 0.5  # without words at the horizontal axis of the first


@pytest.mark.parametrize("figure", [side_by_side(1, 10), side_by_side(3, 10), Figure()])
def test_the_page_is_all_that_a_figure_shows(figure):
    figure.suptitle("far above", y=1.2)
    figure.draw_without_rendering()
    seen = panels.Seen(figure)
    assert seen.page.bounds == pytest.approx(figure.get_tightbbox().bounds, rel=1e-12)
    assert seen.page.y1 > 1.1 * figure.get_figheight()


def test_an_empty_place_is_no_part():
    figure = Figure(figsize=(10, 6))
    *sketches, empty = figure.subplots(2, 3).ravel()
    for ax in (*sketches, empty):
        ax.set_axis_off()
    for ax in sketches:
        ax.set_title("a sketch")
        ax.text(0.2, 0.5, "a pool")
    assert len(parts(figure)) == len(sketches)


def test_the_page_keeps_the_white_around_a_sketch():
    figure = Figure(figsize=(9, 5))
    for ax in figure.subplots(1, 2):
        ax.set_axis_off()
        ax.set(xlim=(0, 1), ylim=(0, 1))
        ax.plot([0, 1], [0.5, 0.6])
    seen = panels.Seen(figure)
    assert seen.page.height > 3 > 1 > max(box.height for box in seen.axes.values())


@pytest.mark.parametrize("figure", [side_by_side(1, 10), side_by_side(2, 4)])
def test_one_panel_and_a_narrow_figure_stay_as_they_are(figure):
    assert parts(figure) == []


def test_a_colour_bar_stays_at_its_map():
    figure = Figure(figsize=(9, 3), layout="constrained")
    for ax in figure.subplots(1, 2):
        figure.colorbar(ax.imshow([[0, 1]]), ax=ax)
    assert len(figure.axes) == 4
    assert [len(part) for part in parts(figure)] == [1, 1]


def test_rows_are_parted_where_one_panel_is_as_wide_as_those_below():
    figure = Figure(figsize=(9, 6), layout="constrained")
    figure.subplot_mosaic("AA;BC")
    top, left, right = (part[0] for part in parts(figure))
    assert top[2] > left[2] + right[2] - 1
    assert top[1] < left[1]
    assert left[0] < right[0]


def test_words_above_and_below_are_parts_and_a_wide_legend_is_cut_between_its_entries():
    figure = side_by_side(2, 10, label="a line with a long name")
    for ax in figure.axes:
        ax.plot([0, 1], [1, 0], label="another with one as long")
    handles = [line for ax in figure.axes for line in ax.lines]
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    figure.supxlabel("what made it")
    found = [part[0] for part in parts(figure)]
    legend, below = [box for box in found if box[3] < 0.5][:-1], found[-1]
    assert len(legend) > 1
    assert max(width for _, _, width, _ in legend) <= panels.WIDEST + 2 * panels.MARGIN
    assert below[1] > max(top for _, top, *_ in found[:-1])


def test_a_legend_stands_where_its_part_says_also_when_a_picture_is_cut_off_its_middle():
    figure = Figure(figsize=(9, 3), layout="constrained")
    for ax in figure.subplots(1, 2):
        ax.set_aspect("equal")
        ax.axis("off")
        ax.text(0.5, 0.5, "a pool")
    figure.axes[1].text(1.3, 0.5, "a word on one side")
    figure.legend(handles=[Patch(color="#ff0000", label="red")], loc="outside lower center")
    left, top, width, height = parts(figure)[-1][0]
    with Image.open(io.BytesIO(results.picture(figure))) as picture:
        red = np.asarray(picture.convert("RGB")) == (255, 0, 0)
    rows, columns = np.nonzero(red.all(axis=-1))
    edge = panels.MARGIN + figure.legends[0].borderpad * 10 / 72
    np.testing.assert_allclose(columns.min() / results.DPI, left + edge, atol=0.02)
    assert top < rows.min() / results.DPI < rows.max() / results.DPI < top + height
    assert columns.max() / results.DPI < left + width


def test_narrow_panels_without_a_title_stay_at_the_one_that_names_them():
    figure = Figure(figsize=(10, 5), layout="constrained")
    for row in figure.subplots(2, 4, width_ratios=(3, 1, 3, 1)):
        for ax, title in zip(row[::2], "ab", strict=True):
            ax.set_title(title)
    found = [part for (part,) in parts(figure)]
    assert len(found) == 2
    assert min(width for _, _, width, _ in found) > 4


def test_legends_beside_wide_panels_are_parts_of_their_own():
    figure = Figure(figsize=(9, 5), layout="constrained")
    for ax in figure.subplots(2, 2)[:, 1]:
        ax.plot([0, 1], label="a line with a rather long name")
        series.beside(ax)
    first, upper, upper_legend, lower, lower_legend = (part for (part,) in parts(figure))
    assert max(first[2], upper[2], lower[2]) <= panels.WIDEST
    assert first[3] > upper[3] + lower[3] - 1
    for panel, legend in ((upper, upper_legend), (lower, lower_legend)):
        assert panel[0] + panel[2] <= legend[0] + panels.MARGIN
        assert panel[1] <= legend[1] < panel[1] + panel[3]


def test_panels_are_read_row_by_row_unless_an_axis_is_common_to_a_column():
    for common, order in ((False, "abcd"), (True, ["ac", "bd"])):
        figure = Figure(figsize=(10, 6), layout="constrained")
        axes = figure.subplots(2, 2, sharex="col" if common else False).flat
        for ax, title in zip(axes, "abcd", strict=True):
            ax.set(title=title, xlabel="" if common else "time")
            if not common:
                figure.colorbar(ax.imshow([[0, 1]]), ax=ax, orientation="horizontal")
        found = [part for (part,) in parts(figure)]
        assert len(found) == len(order)
        if not common:
            lefts, tops = [left for left, *_ in found], [top for _, top, *_ in found]
            assert lefts[0] == lefts[2] < lefts[1] == lefts[3]
            assert tops[0] == tops[1] < tops[2] == tops[3]


def test_sketches_are_parted_one_by_one_without_the_white_below_them():
    figure = Figure(figsize=(9, 8), layout="constrained")
    for ax, low in zip(figure.subplots(2, 2).flat, (0.8, 0.0, 0.0, 0.0), strict=True):
        ax.axis("off")
        ax.set(title="a model", xlim=(0, 1), ylim=(0, 1))
        ax.text(0.5, low, "a pool", va="bottom")
    short, *whole = (part for (part,) in parts(figure))
    assert len(whole) == 3
    assert short[3] < 0.5 * min(height for *_, height in whole)


def test_a_part_shows_nothing_of_a_near_neighbour():
    figure = Figure(figsize=(9, 3), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.005, wspace=0)
    for ax in figure.subplots(1, 3):
        ax.set(ylabel="carbon", xlim=(0, 1), xticks=[0.2, 0.8])
    (first,), (second,), (third,) = parts(figure)
    assert first[0] + first[2] <= second[0] + panels.MARGIN
    assert second[0] + second[2] <= third[0] + panels.MARGIN
    assert min(first[2], second[2], third[2]) > 2.5


def test_a_figure_says_how_many_panels_stand_side_by_side():
    figure = side_by_side(3, 10)
    figure.draw_without_rendering()
    assert panels.columns(figure) == 3


@pytest.mark.parametrize("height", [0.5, 0.98, 1.3])
def test_a_picture_is_cut_as_matplotlib_cuts_it_and_nothing_beyond_the_paper_is_lost(height):
    figure = Figure(figsize=(3, 2))
    ax = figure.add_axes((0.2, 0.2, 0.7, 0.6))
    ax.plot([0, 1], [0, 1])
    figure.text(0.3, height, "here", color="red", fontsize=20)
    with Image.open(io.BytesIO(results.picture(figure))) as picture:
        ours = np.asarray(picture.convert("RGB"), int)
    target = io.BytesIO()
    figure.savefig(target, dpi=results.DPI, bbox_inches="tight", pad_inches=0.08)
    with Image.open(target) as picture:
        theirs = np.asarray(picture.convert("RGB"), int)
    assert np.abs(np.subtract(ours.shape, theirs.shape)).max() <= 1
    red = [((one[..., 0] - one[..., 1]) > 100).sum() for one in (ours, theirs)]
    assert red[1] > 500
    assert red[0] == pytest.approx(red[1], rel=0.05)
    edges = np.concatenate([ours[0], ours[-1], ours[:, 0], ours[:, -1]])
    assert (edges == 255).all()


def test_what_a_figure_has_of_formulas_is_read_once_however_often_it_is_drawn():
    figure = Figure()
    for number in range(120):
        figure.text(0.1, number / 120, rf"$\alpha_{{{number}}}$")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    read = mathtext.MathTextParser._parse_cached.cache_info().misses
    canvas.draw()
    assert mathtext.MathTextParser._parse_cached.cache_info().misses == read
