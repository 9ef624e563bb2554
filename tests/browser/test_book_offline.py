"""The built book in a real browser, from the disk, with the network blocked."""

import re

import pytest

pytestmark = [pytest.mark.notebook, pytest.mark.browser]

#: Pages that Sphinx makes for itself; the book's own tests need not typeset them.
LISTS = {"genindex", "py-modindex", "search", "index"}

#: Ends when all that a page does by itself is done: scripts, pictures, equations.
READY = """async () => {
  const pictures = [...document.images];  // small ones below wait for a reader who scrolls
  pictures.forEach((i) => { i.loading = 'eager'; });
  await Promise.all(pictures.filter((i) => !i.complete).map(
    (i) => new Promise((done) => { i.onload = i.onerror = done; })));
  if (document.querySelector('.math')) await MathJax.startup.promise;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""

#: What a reader would see go wrong: equations, explorers, pictures.
FOUND = """() => ({
  equations: document.querySelectorAll('.math').length,
  typeset: [...document.querySelectorAll('.math')].filter(
    (e) => e.querySelector('mjx-container')).length,
  failed: document.querySelectorAll('mjx-merror').length,
  dead: document.querySelectorAll(
    'script[type^="application/vnd.jupyter.widget"], .jupyter-widgets').length,
  explorers: document.querySelectorAll('.soilnb-explorer').length,
  alive: document.querySelectorAll('.soilnb-explorer .picture').length,
  unnamed: [...document.querySelectorAll('.soilnb-explorer :is(input, select)')].filter(
    (e) => !(e.labels.length || e.ariaLabel)).length,
  images: [...document.images].filter((i) => !i.closest('[role=img]')).map(
    (i) => [i.src, i.alt, i.complete && i.naturalWidth > 0]),
  wide: document.documentElement.scrollWidth - window.innerWidth,
})"""

#: What axe finds that keeps some reader out: in the light by all rules, in the dark by contrast.
#: Contrast is measured once for each look that a page has: colour, size and weight of a text on the
#: backgrounds behind it; the same look in a thousand cells of a table has the same contrast.
FAULTS = """async () => {
  const plain = ['rgba(0, 0, 0, 0)', 'none', '1'];
  const behind = (element, known) => {
    if (!element) return '';
    if (!known.has(element)) {
      const style = getComputedStyle(element);
      const own = [style.backgroundColor, style.backgroundImage, style.opacity];
      const seen = own.some((value, i) => value !== plain[i]) ? own.join() : '';
      known.set(element, seen + behind(element.parentElement, known));
    }
    return known.get(element);
  };
  const markLooks = () => {
    const [seen, known] = [new Set(), new Map()];
    for (const element of document.body.querySelectorAll('*')) {
      element.removeAttribute('data-look');
      const words = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      if (!words || !element.checkVisibility()) continue;
      const own = getComputedStyle(element);
      const text = [own.color, own.fontSize, own.fontWeight, own.textShadow];
      const look = [...text, behind(element, known)].join();
      if (!seen.has(look)) element.setAttribute('data-look', '');
      seen.add(look);
    }
  };
  const found = [];
  axe.configure({ rules: [
    { id: 'color-contrast', selector: '[data-look]' },
    { id: 'region', enabled: false },  // slow, and moderate at most
  ] });
  document.head.insertAdjacentHTML(  // no colours on their way
    'beforeend', '<style>* { transition: none !important }</style>');
  for (const [theme, rules] of [['light', {}], ['dark', { runOnly: ['color-contrast'] }]]) {
    document.documentElement.dataset.theme = theme;
    markLooks();
    const { violations } = await axe.run(document, { resultTypes: ['violations'], ...rules });
    found.push(...violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map(
      (v) => [v.id, v.nodes.map((n) => n.target.join(' ')).slice(0, 3)]));
  }
  return found;
}"""

#: Shown over own size of each figure that is wider than a phone, beside the least that can be read.
SIZES = """() => [...document.querySelectorAll('.soilnb-enlarge > img[data-panels]')].map((image) =>
{
  const { size, least } = JSON.parse(image.dataset.panels);
  const parts = [...image.parentElement.querySelectorAll('.soilnb-parts svg')];
  const shown = parts.length ? parts.map((part) => part.clientWidth / part.viewBox.baseVal.width)
    : [image.clientWidth / size[0]];
  return [image.alt, Math.min(...shown), least];
})"""


class Tab:
    """Shows pages from the disk, one after the other, and notes what goes wrong."""

    def __init__(self, context):
        self.troubles = []
        self.page = context.new_page()
        self.page.on("request", self._request)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("requestfailed", lambda r: self.troubles.append(f"failed: {r.url}"))

    def _request(self, request):
        if request.url.split(":")[0] not in ("file", "data", "blob"):
            self.troubles.append(f"wants the web: {request.url}")

    def _console(self, message):
        if message.type == "error":
            self.troubles.append(f"console: {message.text}")

    def look(self, path):
        """Open a page; return what is on it when it rests, and what went wrong since."""
        self.troubles.clear()
        self.page.goto(path.as_uri())
        self.page.evaluate(READY)
        return self.page.evaluate(FOUND) | {"troubles": list(self.troubles)}

    def faults(self, axe):
        """Return what is wrong with the access to the page that is open."""
        self.page.evaluate(f"{axe};0")
        return self.page.evaluate(FAULTS)


@pytest.fixture(scope="module")
def context(chromium):
    with chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True) as context:
        context.set_default_timeout(600_000)  # whatever takes longer hangs
        yield context


@pytest.fixture
def tab(context):
    tab = Tab(context)
    yield tab
    tab.page.close()


def long_api(html):
    """Return the names of the two longest pages of the API: one template makes them all."""
    pages = sorted((html / "api").glob("*.html"), key=lambda path: path.stat().st_size)
    return {f"api/{path.stem}" for path in pages[-2:]}


@pytest.fixture(scope="module")
def visits(context, offline_html, axe):
    """Every page of the book's contents, visited once."""
    found, tab, examples = {}, Tab(context), long_api(offline_html)
    for path in sorted(offline_html.rglob("*.html")):
        name = path.relative_to(offline_html).with_suffix("").as_posix()
        if name not in LISTS and not name.startswith("_"):
            found[name] = tab.look(path)
            if axe and (not name.startswith("api/") or name in examples):
                found[name] |= {"faults": tab.faults(axe)}
    tab.page.close()
    return found


def wrong(visits, is_right):
    return {name: seen for name, seen in visits.items() if not is_right(seen)}


def test_no_page_asks_for_the_web_or_reports_an_error(visits):
    assert {name: seen["troubles"] for name, seen in visits.items() if seen["troubles"]} == {}


def test_every_equation_is_typeset(visits):
    assert wrong(visits, lambda seen: seen["typeset"] == seen["equations"]) == {}
    with_equations = {name for name, seen in visits.items() if seen["typeset"]}
    assert {"glossary", "notebooks/22_diagnosed_cue"} <= with_equations


def test_nothing_on_a_page_is_an_error_message(visits):
    assert wrong(visits, lambda seen: seen["failed"] == 0) == {}


def test_explorers_are_drawn_and_no_dead_widget_is_left(visits):
    with_explorers = {name for name, seen in visits.items() if seen["explorers"]}
    assert {"notebooks/00_start_here", "notebooks/22_diagnosed_cue"} <= with_explorers
    assert wrong(visits, lambda seen: seen["alive"] == seen["explorers"]) == {}
    assert wrong(visits, lambda seen: seen["dead"] == 0) == {}


def test_every_control_has_a_name_for_a_screen_reader(visits):
    assert wrong(visits, lambda seen: seen["unnamed"] == 0) == {}


def test_every_picture_is_shown_and_described(visits):
    bad = {
        (name, src[-60:], alt, shown)
        for name, seen in visits.items()
        for src, alt, shown in seen["images"]
        if not shown or len(alt.split()) < 3 or re.search(r"\.(png|svg)\b", alt)
    }
    assert bad == set()


def test_no_page_is_wider_than_the_window(visits):
    assert wrong(visits, lambda seen: seen["wide"] <= 0) == {}


def test_no_page_has_a_serious_fault_of_access_in_light_or_in_the_dark(
    visits, tab, axe, offline_html
):
    if not axe:
        pytest.skip("npm could not install axe-core")
    assert wrong(visits, lambda seen: not seen.get("faults")) == {}
    for name in LISTS - {"index"}:
        if (path := offline_html / f"{name}.html").exists():
            tab.look(path)
            assert (name, tab.faults(axe)) == (name, [])


def test_a_fault_of_access_is_noticed_in_either_mode(tab, axe, tmp_path):
    if not axe:
        pytest.skip("npm could not install axe-core")
    page = tmp_path / "page.html"
    page.write_text(
        "<html lang=en data-theme=light><title>page</title><style>"
        "i { color: #777 } [data-theme=dark] body { background: #111; color: #eee }"
        "[data-theme=dark] u { color: #333 } [data-theme=light] s { color: #eee }</style>"
        "<main><p>one</p><p>two</p><i>grey</i><u>under</u><s>out</s><input></main></html>"
    )
    tab.look(page)
    assert [rule for rule, _ in tab.faults(axe)] == ["color-contrast", "label", "color-contrast"]


def test_the_longest_pages_of_the_api_fit_a_phone(tab, offline_html):
    tab.page.set_viewport_size({"width": 390, "height": 844})
    for name in long_api(offline_html):
        assert (name, tab.look(offline_html / f"{name}.html")["wide"]) == (name, 0)


def test_letters_of_a_figure_are_read_on_a_phone(tab, offline_html):
    tab.page.set_viewport_size({"width": 390, "height": 844})
    found = []
    for path in sorted(offline_html.glob("notebooks/*.html")):
        assert (path.name, tab.look(path)["wide"]) == (path.name, 0)
        found += tab.page.evaluate(SIZES)
    assert len(found) > 50
    assert [(alt, shown) for alt, shown, least in found if shown < 0.98 * least] == []


def test_what_wants_the_web_is_noticed(tab, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<img src='https://example.org/a.png'><script>nothing()</script>")
    troubles = tab.look(page)["troubles"]
    assert {trouble.split(":")[0] for trouble in troubles} >= {"wants the web", "failed", "error"}


def test_the_start_page_leads_into_the_book(tab, offline_html):
    tab.page.goto((offline_html / "index.html").as_uri())
    tab.page.wait_for_url("**/intro.html")
    tab.page.get_by_role("link", name="Start here").first.click()
    tab.page.wait_for_url("**/notebooks/00_start_here.html")
    assert tab.troubles == []


def test_the_search_works_from_the_disk(tab, offline_html):
    tab.page.goto((offline_html / "search.html").as_uri() + "?q=necromass")
    tab.page.wait_for_selector("#search-results li a")
    assert tab.page.locator("#search-results li a", has_text="Glossary").count() >= 1
    assert tab.troubles == []


def test_an_answer_opens_with_its_text_code_and_output(tab, offline_html):
    tab.look(offline_html / "notebooks" / "22_diagnosed_cue.html")
    folded = tab.page.locator("details.answer").first
    inside = [folded.locator(part).first for part in ("> p", ".cell_input", ".cell_output")]
    assert not any(part.is_visible() for part in inside)
    folded.locator("summary").click()
    for part in inside:
        part.wait_for(state="visible")
