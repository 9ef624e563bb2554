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
  why: !e.querySelector('details').hidden,
  verdict: e.querySelector('.verdict').textContent,
  wide: e.scrollWidth - e.clientWidth,
})"""


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


def test_every_explorer_answers_without_a_kernel(context, offline_html):
    answered = 0
    for notebook in sorted({path.stem.rsplit("-", 1)[0] for path in scripts(offline_html)}):
        page, troubles = opened(context, offline_html, notebook)
        for explorer in page.locator(".soilnb-explorer").all():
            before = explorer.evaluate(SEEN)
            assert before["words"] == before["name"]
            assert before["said"] == "polite"
            assert not before["why"]
            expected = predict(page, explorer)
            assert not explorer.evaluate(SEEN)["why"]  # nothing has been moved
            for control in explorer.locator(".control :is(input, select)").all():
                move(page, control)
                after = explorer.evaluate(SEEN)
                if after["words"] != before["words"]:
                    break  # some change nothing, which is what they teach
            assert after["words"] != before["words"], notebook
            assert after["picture"] != before["picture"], notebook
            assert after["words"] == after["name"]
            assert after["why"]
            assert after["verdict"].startswith(f"You expected: {expected}. ")
            explorer.get_by_role("button", name="Reset").click()
            assert explorer.evaluate(SEEN)["words"] == before["words"]
            answered += 1
        assert troubles == []
        page.close()
    assert answered == len(scripts(offline_html)) >= 3


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


def test_labels_are_whole_on_a_phone(chromium, offline_html):
    with chromium.new_context(viewport={"width": 390, "height": 844}, offline=True) as context:
        for notebook in sorted({path.stem.rsplit("-", 1)[0] for path in scripts(offline_html)}):
            page, _ = opened(context, offline_html, notebook)
            for explorer in page.locator(".soilnb-explorer").all():
                assert explorer.evaluate(SEEN)["wide"] <= 0, notebook
                cut = explorer.evaluate(
                    "(e) => [...e.querySelectorAll('label, legend')]"
                    ".filter((l) => l.scrollWidth > l.clientWidth + 1).map((l) => l.textContent)"
                )
                assert cut == [], notebook
            page.close()


def test_controls_and_picture_fit_a_window_of_900_pixels(context, offline_html):
    tall = {}
    for notebook in sorted({path.stem.rsplit("-", 1)[0] for path in scripts(offline_html)}):
        page, _ = opened(context, offline_html, notebook)
        for number, explorer in enumerate(page.locator(".soilnb-explorer").all()):
            high = explorer.evaluate(
                "(e) => e.querySelector('.words').getBoundingClientRect().bottom"
                " - e.getBoundingClientRect().top"
            )
            if high > 900:
                tall[f"{notebook}-{number}"] = high
        page.close()
    assert tall == {}


def test_every_explorer_of_a_notebook_is_in_the_book_and_small(offline_html):
    assert all(path.stat().st_size < MOST for path in scripts(offline_html))
    here = {path.stem.rsplit("-", 1)[0] for path in scripts(offline_html)}
    for path in runs.notebooks():
        source = json.loads(path.read_text(encoding="utf-8"))
        code = "".join("".join(cell["source"]) for cell in source["cells"])
        assert ("## Explore" not in code) or path.stem in here
    assert sum(path.stat().st_size for path in scripts(offline_html)) < MOST_OF_ALL
