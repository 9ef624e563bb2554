"""Every explorer of the built book, by keyboard, in a real browser with the network blocked."""

import json

import pytest

from soilnb.pipeline import runs

pytestmark = [pytest.mark.notebook, pytest.mark.browser]

#: Largest explorer, and largest sum of all, in bytes.
MOST, MOST_OF_ALL = 1_500_000, 10_000_000

#: What of an explorer changes when a control moves.
SEEN = """(e) => ({
  words: e.querySelector('.words').textContent,
  said: e.querySelector('.words').ariaLive,
  name: e.querySelector('.picture').getAttribute('aria-label'),
  picture: e.querySelector('.picture .layer, .picture img').outerHTML,
  ghost: e.querySelector('.picture .ghost')?.childElementCount ?? 0,
  kept: e.querySelector('.kept img')?.src.length ?? 0,
  pinned: e.querySelector('input[type=checkbox]')?.checked ?? false,
  colours: e.querySelector('.legend')?.textContent ?? '',
  why: !e.querySelector('details').hidden,
  verdict: e.querySelector('.verdict').textContent,
  wide: Math.max(...[e, e.querySelector('.picture')].map((x) => x.scrollWidth - x.clientWidth)),
  panels: [...e.querySelectorAll('.panel:not(.shared)')].filter((x) => x.checkVisibility()).length,
  shared: [...e.querySelectorAll('.panel.shared')].filter((x) => x.checkVisibility()).length,
})"""

#: From the upper edge of an explorer to the end of its sentence.
HIGH = """(e) => e.querySelector('.words').getBoundingClientRect().bottom
  - e.getBoundingClientRect().top"""

#: Height of the least letters in the picture of an explorer, in pixels.
LETTERS = """(e) => {
  const drawn = [...e.querySelectorAll('.picture svg')].filter((s) => s.clientHeight);
  const scale = Math.min(...drawn.map((s) => s.getScreenCTM().a));
  const words = [...e.querySelectorAll('.picture text')].filter((t) => t.textContent.trim());
  return drawn.length ? scale * Math.min(
    ...words.map((t) => parseFloat(getComputedStyle(t).fontSize))) : Infinity;
}"""

#: The least height at which letters of a note can be read, in pixels.
READ = 6.5

#: Labels that are cut.
CUT = """(e) => [...e.querySelectorAll('label, legend')]
  .filter((l) => l.scrollWidth > l.clientWidth + 1).map((l) => l.textContent)"""


def scripts(html):
    return sorted((html / "explorers").glob("*.js"))


@pytest.fixture(scope="module")
def context(chromium):
    with chromium.new_context(viewport={"width": 1440, "height": 900}, offline=True) as context:
        context.set_default_timeout(600_000)  # whatever takes longer hangs
        yield context


def opened(context, html, notebook):
    page = context.new_page()
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto((html / "notebooks" / f"{notebook}.html").as_uri())
    page.wait_for_function("document.readyState === 'complete'")
    return page, troubles


def predict(page, explorer):
    """Choose the first answer with the keyboard; returns its words."""
    radio = explorer.locator("input[type=radio]").first
    radio.focus()
    page.keyboard.press("Space")
    return radio.get_attribute("value")


def move(page, control):
    """Move a control by one step with the keyboard; back where it is at its end."""
    control.focus()
    before = control.input_value()
    page.keyboard.press("ArrowRight")
    if control.input_value() == before:
        page.keyboard.press("ArrowLeft")
    assert control.input_value() != before


def use(page, explorer):
    """Return what an explorer shows at first, after a prediction, a move and a reset."""
    found = {"high": explorer.evaluate(HIGH), "first": explorer.evaluate(SEEN)}
    found |= {"expected": predict(page, explorer), "predicted": explorer.evaluate(SEEN)}
    for control in explorer.locator(".control :is(input, select)").all():
        move(page, control)
        found["moved"] = explorer.evaluate(SEEN)
        if found["moved"]["words"] != found["first"]["words"]:
            break  # some change nothing, which is what they teach
    explorer.get_by_role("button", name="Reset").click()
    return found | {"reset": explorer.evaluate(SEEN)}


@pytest.fixture(scope="module")
def visits(context, offline_html):
    """What one visit of each page with explorers has seen: troubles, and every explorer."""
    found = {}
    for notebook in sorted({path.stem.rsplit("-", 1)[0] for path in scripts(offline_html)}):
        page, troubles = opened(context, offline_html, notebook)
        explorers = page.locator(".soilnb-explorer").all()
        seen = [use(page, explorer) for explorer in explorers]
        page.set_viewport_size({"width": 390, "height": 844})
        for explorer, what in zip(explorers, seen, strict=True):
            narrow = explorer.evaluate(SEEN)
            what |= {name: narrow[name] for name in ("wide", "panels", "shared")}
            what |= {"cut": explorer.evaluate(CUT), "letters": explorer.evaluate(LETTERS)}
        page.close()
        found[notebook] = troubles, seen
    return found


def every(visits):
    return [(notebook, seen) for notebook, (_, explorers) in visits.items() for seen in explorers]


def test_every_explorer_answers_without_a_kernel(visits, offline_html):
    assert [troubles for troubles, _ in visits.values() if troubles] == []
    assert len(every(visits)) == len(scripts(offline_html)) >= 3
    for notebook, seen in every(visits):
        first, moved = seen["first"], seen["moved"]
        assert first["words"] == first["name"]
        assert first["said"] == "polite"
        assert not first["why"]
        assert not seen["predicted"]["why"]  # nothing has been moved
        assert moved["words"] != first["words"], notebook
        assert moved["picture"] != first["picture"], notebook
        assert moved["words"] == moved["name"]
        assert moved["why"]
        assert moved["verdict"].startswith(f"You expected: {seen['expected']}. ")
        assert seen["reset"]["words"] == first["words"]


def test_what_the_text_calls_two_soils_are_two_in_the_book(visits):
    """Maps stand side by side, curves lie on a pale state; both from the start, and again."""
    for when in ("first", "reset"):
        beside = {n for n, seen in every(visits) if seen[when]["kept"]}
        assert beside == {"10_pore_structure", "14_static_against_dynamic"}
        pale = {n for n, seen in every(visits) if seen[when]["pinned"]}
        assert pale == {"40_whole_profile"}


def test_maps_say_what_their_colours_are(visits):
    maps = [seen["first"]["colours"] for _, seen in every(visits)]
    assert {"mineral" in words for words in maps if words} == {True}
    assert sum(map(bool, maps)) >= 4


def test_labels_are_whole_on_a_phone(visits):
    assert [(n, seen["wide"], seen["cut"]) for n, seen in every(visits) if seen["cut"]] == []
    assert [(n, seen["wide"]) for n, seen in every(visits) if seen["wide"] > 0] == []


def test_letters_of_a_picture_are_read_on_a_phone(visits):
    assert [(n, seen["letters"]) for n, seen in every(visits) if seen["letters"] < READ] == []


def test_panels_stand_one_below_the_other_on_a_phone_only(visits):
    assert {seen["first"]["panels"] for _, seen in every(visits)} == {0}
    assert (
        next(seen["panels"] for notebook, seen in every(visits) if "five_models" in notebook) == 3
    )
    lettered = {n: seen["panels"] for n, seen in every(visits)}
    assert lettered["38_second_witness"] == 2  # panels with a letter
    assert lettered["12_pore_transport"] == 2  # the colour bar stays at its map


def test_what_explains_all_panels_is_whole_on_a_phone(visits):
    assert {n: seen["shared"] for n, seen in every(visits)}["38_second_witness"] == 1
    assert {seen["first"]["shared"] for _, seen in every(visits)} == {0}


def test_controls_and_picture_fit_a_window_of_900_pixels(visits):
    assert [(n, seen["high"]) for n, seen in every(visits) if seen["high"] > 900] == []


def test_a_wrong_prediction_is_told_what_came_out(context, offline_html):
    page, _ = opened(context, offline_html, "00_start_here")
    explorer = page.locator(".soilnb-explorer").first
    explorer.get_by_label("it rises").check()
    move(page, explorer.locator(".control input").first)
    told = explorer.locator(".verdict").text_content()
    assert told == "You expected: it rises. It turned out: it falls."
    assert explorer.evaluate(SEEN)["ghost"] > 0
    page.close()


def test_predictions_are_kept_and_saved_as_a_table(context, offline_html, tmp_path):
    page, _ = opened(context, offline_html, "00_start_here")
    explorer = page.locator(".soilnb-explorer").first
    page.evaluate("localStorage.clear()")
    for option in ("it stays", "it falls"):
        explorer.get_by_label(option).check()
    with page.expect_download() as download:
        explorer.get_by_role("button", name="Save my predictions").click()
    download.value.save_as(tmp_path / "predictions.csv")
    head, row = (tmp_path / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert head.startswith('"explorer","question","expected"')
    assert '"it stays"' in row
    assert row.endswith('"it falls","it falls"')
    page.close()


def test_every_explorer_of_a_notebook_is_in_the_book_and_small(offline_html):
    assert all(path.stat().st_size < MOST for path in scripts(offline_html))
    here = {path.stem.rsplit("-", 1)[0] for path in scripts(offline_html)}
    for path in runs.notebooks():
        source = json.loads(path.read_text(encoding="utf-8"))
        code = "".join("".join(cell["source"]) for cell in source["cells"])
        assert ("## Explore" not in code) or path.stem in here
    assert sum(path.stat().st_size for path in scripts(offline_html)) < MOST_OF_ALL
