"""The page in a real browser: what one sees, clicks, hears and reaches by the keyboard."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")

CHROMIUM = next(
    filter(
        None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))
    ),
    None,
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (apt-get install chromium)"),
]
CONTROLS = "a[href], button, select, summary, [tabindex='0']"


@dataclass
class Visit:
    """A page that was opened, and what it did that it should not."""

    page: Any
    logged: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    def is_heard(self) -> bool:
        """Whether a recording plays within half a minute; the page's policy forbids waiting by a script."""
        for _ in range(300):
            if self.page.evaluate("document.getElementById('player').currentTime > 0.1"):
                return True
            self.page.wait_for_timeout(100)
        return False

    def visible(self, selector: str) -> Any:
        return self.page.locator(selector).locator("visible=true")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Any]:
    """Open a file; at the end nothing may have been logged, run or fetched."""
    visits, contexts = [], []

    def open_page(path: Path, **options: Any) -> Visit:
        context = chromium.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        contexts.append(context)
        visited = Visit(context.new_page())
        visits.append(visited)
        visited.page.on("console", lambda message: visited.logged.append(message.text))
        visited.page.on("pageerror", lambda error: visited.logged.append(str(error)))
        visited.page.on("dialog", lambda dialog: visited.logged.append(dialog.message))
        visited.page.on("request", lambda sent: visited.requested.append(sent.url))
        visited.page.goto(path.as_uri())
        return visited

    yield open_page
    for visited in visits:
        assert visited.logged == []
        assert [url for url in visited.requested[1:] if not url.startswith("data:")] == []
        assert visited.page.evaluate("window.ran") is None
    for context in contexts:
        context.close()


def test_opening_the_page_logs_nothing_and_fetches_nothing(visit, page):
    opened = visit(page)
    assert opened.visible("h1").inner_text() == "notes"
    assert opened.visible(".card").count() > 0


def test_a_click_on_a_cell_lists_its_clips_and_a_click_on_one_plays_it(visit, page):
    opened = visit(page)
    cell = opened.visible(".confusion button").first
    count = int(cell.inner_text())
    cell.click()
    cards = opened.visible(".listed").first.locator(".card")
    assert cards.count() == count
    assert opened.page.evaluate("document.activeElement.tagName") == "H3"
    cards.first.locator(".play").click()
    assert opened.is_heard()
    assert cards.first.locator(".play.playing").count() == 1
    cards.first.locator(".play").click()
    assert opened.page.evaluate("document.getElementById('player').paused")


def test_a_class_lists_its_clips_the_worst_first_with_their_probabilities(visit, page):
    opened = visit(page)
    opened.visible(".classes tbody th button").first.click()
    listed = opened.visible(".listed").first
    assert listed.locator(".card").count() == 6
    own = [float(text) for text in listed.locator(".probabilities .of output").all_inner_texts()]
    assert len(own) == 6
    missed = listed.locator(".card .missed").count()
    assert own[:missed] == sorted(own[:missed])
    assert own[missed:] == sorted(own[missed:])
    opened.visible(".back").first.click()
    assert "Errors" in opened.visible(".listed h3").first.inner_text()


def test_names_that_are_markup_are_shown_as_text(visit, page):
    opened = visit(page)
    opened.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for button in opened.visible(".classes tbody th button").all():
        button.click()
    text = opened.page.evaluate("document.body.innerText")
    for part in (
        "<script>window.ran=1</script>",
        "<img src=x onerror=window.ran=1>",
        "{{7*7}}",
        "</script><!--",
    ):
        assert part in text
    assert opened.page.locator("main script, main iframe, img[src='x'], [onerror]").count() == 0


def test_every_control_is_reached_by_the_tab_key(visit, page):
    opened = visit(page)
    wanted = opened.page.evaluate(
        "(all) => [...document.querySelectorAll(all)].filter((one) => one.checkVisibility()).length", CONTROLS
    )
    opened.page.evaluate("window.seen = new Set()")
    for _ in range(wanted + 5):
        opened.page.keyboard.press("Tab")
        opened.page.evaluate(
            "document.activeElement !== document.body && window.seen.add(document.activeElement)"
        )
    assert opened.page.evaluate("window.seen.size") == wanted
    assert opened.page.evaluate(
        "(selector) => [...window.seen].every((one) => one.matches(selector))", CONTROLS
    )


def test_cell_and_player_work_without_a_mouse(visit, page):
    opened = visit(page)
    opened.visible(".confusion button").first.focus()
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.className") == "play"
    opened.page.keyboard.press("Space")
    assert opened.is_heard()


def test_the_map_names_and_plays_clips_by_mouse_and_by_keyboard(visit, page):
    opened = visit(page)
    maps = opened.visible(".map")
    assert maps.count() == 2
    maps.first.locator("path").nth(3).hover(force=True)
    said = opened.visible(".said").first
    assert ".wav" in said.inner_text()
    maps.first.focus()
    opened.page.keyboard.press("ArrowRight")
    opened.page.keyboard.press("Enter")
    assert opened.is_heard()
    for way in ("predicted", "correctness", "group", "true class"):
        opened.page.locator(".controls select").first.select_option(way)
        assert opened.visible(".legend button").count() >= 1
    opened.page.locator(".controls select").nth(1).select_option("tsne")
    assert maps.first.locator("path").count() == 18


@pytest.mark.parametrize("width", [360, 390, 1200])
def test_the_page_is_never_wider_than_the_screen(visit, page, width):
    opened = visit(page, viewport={"width": width, "height": 800})
    opened.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_text_stands_out_from_its_ground_in_light_and_in_dark(visit, page):
    def luminance(colour: str) -> float:
        channels = [int(value) / 255 for value in re.findall(r"\d+", colour)[:3]]
        linear = [
            value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    grounds = set()
    for scheme in ("light", "dark"):
        opened = visit(page, color_scheme=scheme)
        ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
        grounds.add(ground)
        for selector in ("body", ".note", "caption", "nav a", ".card .missed"):
            if opened.page.locator(selector).count():
                ink = opened.page.locator(selector).first.evaluate("(one) => getComputedStyle(one).color")
                light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (scheme, selector)
    assert len(grounds) == 2


def test_without_scripts_the_numbers_are_there(visit, page):
    opened = visit(page, java_script_enabled=False)
    assert opened.page.locator(".confusion td button").count() > 0
    assert "need JavaScript" in opened.page.locator("noscript").inner_text()


def test_the_policy_refuses_scripts_of_others(chromium, page, tmp_path):
    hostile = tmp_path / "hostile.html"
    text = page.read_text(encoding="utf-8")
    hostile.write_text(
        text.replace("<main", "<script>window.ran=1</script><img src='x' onerror='window.ran=1'><main", 1)
    )
    context = chromium.new_context()
    opened = context.new_page()
    refused: list[str] = []
    opened.on("console", lambda message: refused.append(message.text))
    opened.goto(hostile.as_uri())
    assert opened.evaluate("window.ran") is None
    assert any("Content Security Policy" in line for line in refused)
    context.close()


def test_a_page_of_cards_lists_plays_and_shows_names_as_text(visit, cards):
    opened = visit(cards)
    assert opened.visible("h1").inner_text() == "Like script>window.ran=1<0/<.wav"
    assert opened.visible(".card").count() == 1 + 12
    opened.visible(".more").click()
    assert opened.visible(".card").count() == 1 + 17
    text = opened.page.evaluate("document.body.innerText")
    for part in (
        "<script>window.ran=1</script>",
        "similarity 0.",
        "17 clips of notes were compared",
        "{{7*7}}",
    ):
        assert part in text
    assert opened.page.locator("main script, main iframe, img[src='x'], [onerror]").count() == 0
    opened.visible(".play").nth(2).click()
    assert opened.is_heard()


@pytest.mark.parametrize("width", [360, 1200])
def test_a_page_of_cards_is_never_wider_than_the_screen(visit, cards, width):
    opened = visit(cards, viewport={"width": width, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_data_of_the_page_is_json_that_cannot_end_its_element(page):
    text = page.read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert "<" not in data
    assert len(json.loads(data)["clips"]) == 18
