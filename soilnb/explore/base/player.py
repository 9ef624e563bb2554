"""Playing what runs in time: buttons to play and step, speeds, and a run that is shown so far."""

from collections.abc import Callable, Mapping

import ipywidgets as widgets
import xarray as xr

from soilnb.language import translated

#: Speeds of a player: words and milliseconds between pictures.
SPEEDS = {"slow": 400, "normal": 100, "fast": 40}


def buttons(
    name: str, last: int, interval: int, step: Callable
) -> tuple[widgets.Play, widgets.HBox]:
    """Build buttons to play and to step, and a choice of speed.

    Parameters
    ----------
    name : str
        What is played.
    last : int
        Number of the last picture; they are counted from 0.
    interval : int
        Milliseconds between pictures at normal speed.
    step : callable
        Called without arguments when the reader steps.

    Returns
    -------
    Play, HBox
        What carries the number, and all that is shown.
    """
    about = {"min": 0, "max": last, "value": 0, "interval": interval}
    play = widgets.Play(**about, tooltip=translated("Play: {name}", name=name))
    on = translated("One step on: {name}", name=name)
    small = widgets.Layout(width="64px")
    once = widgets.Button(description=translated("Step"), tooltip=on, layout=small)
    once.on_click(lambda _: step())
    beat = interval / SPEEDS["normal"]
    pace = {translated(word): round(wait * beat) for word, wait in SPEEDS.items()}
    speed = widgets.Dropdown(
        options=pace,
        value=interval,
        tooltip=translated("Speed"),
        layout=widgets.Layout(width="90px"),
    )
    widgets.link((speed, "value"), (play, "interval"))
    row = widgets.Layout(width="auto", min_width="0", flex_flow="row wrap")
    return play, widgets.HBox([play, once, speed], layout=row)


def player(name: str, last: int, interval: int) -> tuple[widgets.IntSlider, widgets.VBox]:
    """Build a slider over steps with a numeric twin, and buttons to play and step."""
    name, about = translated(name), {"min": 0, "max": last, "value": 0}
    wide = {"width": "auto", "min_width": "0"}
    slider = widgets.IntSlider(
        **about, readout=False, tooltip=name, layout=widgets.Layout(**wide, flex="1 1 auto")
    )
    number = widgets.BoundedIntText(
        **about,
        tooltip=translated("{name}, as a number", name=name),
        layout=widgets.Layout(width="84px"),
    )
    play, row = buttons(
        name, last, interval, lambda: setattr(slider, "value", min(last, slider.value + 1))
    )
    widgets.link((slider, "value"), (number, "value"))
    widgets.link((slider, "value"), (play, "value"))
    label = widgets.HTML(name, layout=widgets.Layout(**wide, margin="2px 0"))
    where = widgets.HBox([label, slider, number], layout=widgets.Layout(**wide))
    return slider, widgets.VBox([row, where], layout=widgets.Layout(**wide))


def driven(slider: widgets.FloatSlider, name: str) -> widgets.HBox:
    """Build buttons that move a control's slider on from stop to stop, about 50 of them.

    Playing begins again at the slider's first stop once its last one is reached.
    """
    stops = round((slider.max - slider.min) / slider.step)
    stride = max(1, round(stops / 50))
    last = -(-stops // stride)

    def move(number: int) -> None:
        slider.value = min(slider.max, slider.min + number * stride * slider.step)

    def follow(*_) -> None:
        play.value = int((slider.value - slider.min) / slider.step // stride)

    play, row = buttons(name, last, 200, lambda: move(min(last, play.value + 1)))

    def played(change) -> None:
        if int((slider.value - slider.min) / slider.step // stride) != change["new"]:
            move(change["new"])

    play.observe(played, "value")
    slider.observe(follow, "value")
    follow()
    return row


def so_far(result, dimension: str, share: float):
    """Return the beginning of a run, two points in time at least.

    Parameters
    ----------
    result : Dataset, DataArray or mapping to them
        A run, or several.
    dimension : str
        Its time.
    share : float
        How much of its points in time is shown (0 to 1).
    """
    if isinstance(result, Mapping) and not isinstance(result, xr.Dataset):
        return {name: so_far(one, dimension, share) for name, one in result.items()}
    last = max(1, round(share * (result.sizes[dimension] - 1)))
    return result.isel({dimension: slice(0, last + 1)})
