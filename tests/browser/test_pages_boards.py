"""Tables to search, and questions, in a real browser, from the disk, without a network."""

import re

import pytest

from soilnb import claims
from soilnb.course import bank

pytestmark = [pytest.mark.notebook, pytest.mark.browser]


@pytest.fixture(scope="module")
def context(chromium):
    with chromium.new_context(viewport={"width": 1440, "height": 900}, offline=True) as context:
        context.set_default_timeout(600_000)  # whatever takes longer hangs
        yield context


@pytest.fixture
def opened(context, offline_html):
    pages = []

    def opened(address):
        path, _, rest = address.partition("#")
        page = context.new_page()
        pages.append(page)
        page.goto((offline_html / path).as_uri() + (f"#{rest}" if rest else ""))
        page.wait_for_function("document.readyState === 'complete'")
        return page

    yield opened
    for page in pages:
        page.close()


def shown(page):
    """The claims or parameters that are shown, in their order."""
    return page.evaluate(
        "[...document.querySelectorAll('.soilnb-board tbody tr')]"
        ".filter((r) => r.checkVisibility()).map((r) => r.id)"
    )


def choose(page, name, value):
    page.locator(f".tools select[name={name}]").select_option(value)


def test_every_claim_is_in_the_table_once(opened):
    assert shown(opened("scoreboard.html")) == [
        f"claim-{name}" for name in dict.fromkeys(row["id"] for row in claims.rows())
    ]


def test_a_search_shows_what_has_all_of_its_words(opened):
    page = opened("scoreboard.html")
    page.get_by_role("searchbox", name="Search").fill("CUE rotzer Peaks")
    found = shown(page)
    assert "claim-cue-order" in found
    assert len(found) < 12
    count = page.locator(".soilnb-board .count").inner_text()
    assert re.fullmatch(rf"{len(found)} of \d+ claims", count)
    page.get_by_role("button", name="Show all").click()
    assert len(shown(page)) > 200


def test_filters_meet_in_one_value_of_a_claim(opened):
    page = opened("scoreboard.html")
    choose(page, "preset", "literal")
    choose(page, "verdict", "differs")
    found = {name.removeprefix("claim-") for name in shown(page)}
    assert found == {
        row["id"]
        for row in claims.rows()
        if (row.get("preset"), row["verdict"]) == ("literal", "differs")
    }
    left = page.locator("tr:not([hidden]) .cases > li:visible .name").all_inner_texts()
    assert left
    assert all("literal" in name.split(", ") or name == "all" for name in left)
    choose(page, "paper", "He et al. 2024")
    assert shown(page) == []


def test_a_value_that_sets_share_is_found_by_each_of_them(opened):
    page = opened("parameters.html")
    choose(page, "model", "RothC")
    everything = shown(page)
    choose(page, "set", "forest")
    assert shown(page) == everything
    left = page.locator("tr:not([hidden]) .cases > li:visible .name").all_inner_texts()
    assert set(left) == {"all sets", "forest"}


def test_a_heading_sorts_up_and_down_and_says_so(opened):
    page = opened("scoreboard.html")
    choose(page, "paper", "Tao et al. 2024")
    heading = page.get_by_role("button", name="Paper (range)")
    heading.focus()
    page.keyboard.press("Enter")
    value = "[...document.querySelectorAll('.soilnb-board tbody tr')]"
    value += ".filter((r) => r.checkVisibility()).map((r) => r.cells[2].dataset.value)"
    rising = [float(text) for text in page.evaluate(value) if re.fullmatch(r"-?[\d.]+", text)]
    assert rising == sorted(rising)
    assert len(rising) > 10
    assert page.locator("th[aria-sort=ascending]").count() == 1
    page.keyboard.press("Enter")
    falling = [float(text) for text in page.evaluate(value) if re.fullmatch(r"-?[\d.]+", text)]
    assert falling == rising[::-1]
    assert page.locator("th[aria-sort=descending]").count() == 1


def test_a_link_leads_to_its_row_and_from_there_to_how_it_was_checked(opened):
    page = opened("scoreboard.html#claim-he-6c")
    row = page.locator("#claim-he-6c")
    assert row.evaluate("(r) => r.matches(':target')")
    row.locator("td").first.get_by_role("link").click()
    page.wait_for_url("**/how_we_checked/he2024.html#fig-6")
    page.locator("tr#he-6c").get_by_role("link", name="he-6c in the scoreboard").click()
    page.wait_for_url("**/scoreboard.html#claim-he-6c")


def test_a_link_opens_what_is_folded(opened):
    page = opened("how_we_checked/rotzer2025.html#bio-eq")
    assert page.locator("tr#bio-eq").is_visible()
    assert not page.locator("tr#dry-mass").is_visible()  # folded still


def test_a_link_to_a_figure_opens_its_claims(opened):
    row = opened("scoreboard.html").locator("tr#claim-bio-eq")
    address = row.locator("a[href*='how_we_checked/']").first.get_attribute("href")
    page = opened(address)
    assert "#fig-5" in address
    assert page.locator("tr#bio-eq").is_visible()
    assert page.locator("details.soilnb-fold[open]").count() == 1


def test_presets_stand_side_by_side(opened):
    cases = opened("scoreboard.html").locator("#claim-bio-eq .cases > li")
    boxes = [cases.nth(i).bounding_box() for i in range(2)]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]


def test_a_row_with_a_figure_shows_it_small(opened):
    page = opened("scoreboard.html#claim-he-6c")
    picture = page.locator("#claim-he-6c img")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#claim-he-6c img').naturalWidth > 0")


@pytest.mark.parametrize("path", ["scoreboard.html", "parameters.html", "self_test.html"])
def test_on_a_phone_each_row_is_a_card_and_nothing_is_cut(chromium, offline_html, path):
    with chromium.new_context(viewport={"width": 390, "height": 844}, offline=True) as context:
        page = context.new_page()
        page.goto((offline_html / path).as_uri())
        page.wait_for_function("document.readyState === 'complete'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        cut = page.evaluate(
            "[...document.querySelectorAll("
            "'.soilnb-board tbody :is(td, li, small), .soilnb-quiz :is(label, li, button, p)')]"
            ".filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > 390)"
            ".map((e) => e.textContent.trim())"
        )
        assert cut == []


def test_parameters_are_searched_and_filtered_by_model_and_set(opened):
    page = opened("parameters.html")
    choose(page, "model", "MIMICS")
    choose(page, "set", "sandbox")
    names = shown(page)
    assert all(name.startswith("mimics-") for name in names)
    page.get_by_role("searchbox", name="Search").fill("uptake temperature")
    assert 0 < len(shown(page)) < len(names)
    shown_values = page.locator("tr:not([hidden]) .cases > li:visible")
    of = shown_values.evaluate_all("(all) => all.map((item) => item.dataset.set.split('|'))")
    assert of
    assert all("sandbox" in sets for sets in of)
    low = page.evaluate(
        "[...document.querySelectorAll('tr:not([hidden]) msub')].map((s) => [...s.children]"
        ".map((part) => part.getBoundingClientRect().bottom)).map(([base, sub]) => sub - base)"
    )
    assert min(low) > 0  # laid out, without a script


def test_a_figure_opens_in_full_size_by_keyboard_and_closes(opened):
    page = opened("notebooks/22_diagnosed_cue.html")
    page.get_by_role("button", name="Enlarge").first.focus()
    page.keyboard.press("Enter")
    large = page.get_by_role("dialog", name="Figure in full size")
    assert large.is_visible()
    page.keyboard.press("Escape")
    assert large.count() == 0


#: Figures that scroll sideways though their letters could be read in the width of the page, parts
#: that are cut, and figures shown in parts.
FIGURES = """() => {
  const strips = [...document.querySelectorAll('.soilnb-scroll:has(.soilnb-enlarge)')];
  const needed = (strip) => {
    const said = strip.querySelector('img[data-panels]').dataset.panels;
    const { size, parts, least } = JSON.parse(said);
    const rows = parts.map((row) => row.reduce((sum, box) => sum + box[2], 0));
    return Math.floor(least * (rows.length ? Math.max(...rows) : size[0]));
  };
  return {
    scroll: strips.filter((strip) => strip.scrollWidth > strip.clientWidth + 1).filter(
      (strip) => !strip.querySelector('img[data-panels]') || needed(strip) <= strip.clientWidth
    ).map((strip) => strip.querySelector('img').alt),
    cut: [...document.querySelectorAll('.soilnb-parts > span')].filter((part) => {
      const strip = part.closest('.soilnb-scroll');
      const left = strip.getBoundingClientRect().left;
      return part.getBoundingClientRect().right - left > strip.scrollWidth + 1;
    }).length,
    parts: [...document.querySelectorAll('.soilnb-parts')].map((s) => s.childElementCount),
  };
}"""


def test_on_a_phone_figures_fit_and_their_panels_stand_one_below_the_other(chromium, offline_html):
    seen = {}
    with chromium.new_context(viewport={"width": 390, "height": 844}, offline=True) as context:
        context.set_default_timeout(600_000)  # whatever takes longer hangs
        page = context.new_page()
        for path in sorted((offline_html / "notebooks").glob("*.html")):
            page.goto(path.as_uri())
            page.wait_for_function("document.readyState === 'complete'")
            seen[path.stem] = page.evaluate(FIGURES)
    assert {name: found for name, found in seen.items() if found["scroll"] or found["cut"]} == {}
    assert max(seen["13_dynamic_reference"]["parts"]) >= 2  # its six panels stand in two columns
    assert sum(len(found["parts"]) for found in seen.values()) > 25


def test_a_wide_page_shows_figures_whole(opened):
    page = opened("notebooks/13_dynamic_reference.html")
    assert page.locator(".soilnb-parts").count() == 0
    assert page.locator(".soilnb-enlarge > img[data-panels]").first.is_visible()


# --- Questions ------------------------------------------------------------------------------------


def question(page, name):
    return page.locator(f"#q-{name}")


def checked(form):
    """Press Check of a question, and return what it says."""
    form.get_by_role("button", name="Check").click()
    return form.get_by_role("status").inner_text()


def test_every_question_of_the_bank_can_be_answered_in_the_book(opened):
    page = opened("self_test.html")
    names = page.locator("form.question").evaluate_all("(all) => all.map((one) => one.id)")
    assert names == [f"q-{question.id}" for question in bank.questions()]
    buttons = page.locator("form.question").get_by_role("button", name="Check", exact=True)
    assert buttons.count() == len(names)


def test_a_choice_says_why_it_is_wrong_and_counts_what_is_right(opened):
    page = opened("self_test.html")
    form = question(page, "start-steady-means")
    assert checked(form) == "Choose one first."
    form.get_by_role("radio", name="They are all of the same age").check()
    assert "ages differ widely" in checked(form)
    assert not form.locator("details").evaluate("(d) => d.open")
    form.get_by_role("radio", name="They are replaced all the time").check()
    assert checked(form) == "Right."
    assert form.locator("details").evaluate("(d) => d.open")
    assert page.locator(".soilnb-quiz .total").first.inner_text() == "1 of 6 right."


def test_a_number_is_right_within_its_tolerance_and_slips_are_named(opened):
    form = question(opened("self_test.html"), "start-pool-at-rest")
    field = form.get_by_role("textbox")
    for written, said in (
        ("15,000", "Right."),
        ("15200", "Right."),
        ("15,000 g C m⁻²", "Right."),
        ("15", "The digits are right."),
        ("-15000", "The size is right."),
        ("24", "Not yet."),
        ("many", "Write a number first."),
    ):
        field.fill(written)
        assert checked(form).startswith(said), written


def test_things_are_brought_into_order_by_keyboard(opened):
    page = opened("self_test.html")
    form = question(page, "start-verdicts")
    assert checked(form) == "Not yet: 1 of 3 stand in their place."
    button = form.get_by_role("button", name="Move up: same")
    button.focus()
    for place in (2, 1):
        page.keyboard.press("Enter")
        assert form.get_by_role("status").inner_text().endswith(f"now {place} of 3.")
    form.get_by_role("button", name="Move up: near").press("Enter")
    assert checked(form) == "Right."


def test_words_are_compared_with_a_rubric_whose_points_are_counted(opened):
    form = question(opened("self_test.html"), "start-heath")
    form.get_by_role("textbox").fill("It knows no water.")
    assert checked(form).startswith("Compare with the rubric")
    form.get_by_role("checkbox").first.check()
    assert form.get_by_role("status").inner_text() == "1 of 4 points."
