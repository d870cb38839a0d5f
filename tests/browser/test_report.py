"""The report in a real browser: it works by mouse, by keyboard and without scripts, and asks nobody for anything."""

import pytest

from tests.browser.conftest import Pages
from tests.browser.webdriver import DOWN, ENTER, RIGHT, SHIFT, TAB, Browser

SIZES = ((390, 844), (1280, 800), (1920, 1080))
NAMES = ("reventful", "rchain", "rfan", "compare")

FOCUSED = """
const at = document.activeElement;
return at.getAttribute("aria-label") || at.id || at.textContent.trim();
"""
SHOWN = "return [...document.querySelectorAll('.card:not([hidden]) h3')].map((each) => each.textContent)"
OPEN = "return [...document.querySelectorAll('.card[open] h3')].map((each) => each.textContent)"
ICON_PAINTED = """
document.querySelectorAll("details").forEach((each) => { each.open = true; });
const icons = [...document.querySelectorAll("svg.i, .node use")].filter((icon) => icon.checkVisibility());
return icons.length > 30 && icons.every((icon) => {
  const { width, height } = icon.getBoundingClientRect();
  return width < 40 && height > 5 && height < 40;
});
"""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_quietly_and_loads_nothing_else(name: str, scheme: str, browser: Browser, pages: Pages) -> None:
    browser.scheme(scheme)
    browser.logs()
    browser.open(pages[name])
    assert browser.logs() == []
    assert browser.script("return performance.getEntriesByType('resource').length") == 0
    assert browser.script("return document.title")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES)
def test_a_page_is_never_wider_than_its_window(
    name: str, size: tuple[int, int], browser: Browser, pages: Pages
) -> None:
    browser.size(*size)
    browser.open(pages[name])
    browser.script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert browser.script("return document.documentElement.scrollWidth") <= size[0]


def test_signs_have_the_size_of_signs(page: Browser) -> None:
    assert page.script(ICON_PAINTED)


def test_a_filter_shows_the_steps_of_one_state(page: Browser) -> None:
    page.click("[data-filter=failed]")
    assert page.script(SHOWN) == ["explain", "gate"]
    assert page.script("return document.querySelectorAll('.timeline tbody tr:not([hidden])').length") == 2
    assert page.script("return document.querySelectorAll('.node:not(.dim)').length") == 2
    assert page.script("return document.querySelector('[aria-pressed=true][data-filter]').textContent") == "failed"
    page.click("[data-filter='']")
    assert len(page.script(SHOWN)) == 10


def test_a_box_of_the_graph_leads_to_its_step(page: Browser) -> None:
    assert "train" not in page.script(OPEN)
    page.follow(".node[href='#step-train']")
    assert "train" in page.script(OPEN)
    assert page.script(FOCUSED) == "step-train"
    page.script("document.querySelector('#step-train').closest('details').open = false")
    page.click(".node[href='#step-train']")
    assert "train" in page.script(OPEN)  # again, although the address is the same


def test_a_step_that_is_filtered_away_comes_back_when_it_is_asked_for(page: Browser) -> None:
    page.click("[data-filter=failed]")
    page.follow(".node[href='#step-clean']")
    assert "clean" in page.script(SHOWN)


def test_a_link_from_outside_to_a_step_opens_it(page: Browser, pages: Pages) -> None:
    page.open(f"{pages['reventful']}#step-train")
    assert "train" in page.script(OPEN)


def test_what_needs_a_look_is_open_and_the_rest_is_not(page: Browser) -> None:
    assert page.script(OPEN) == ["explain", "gate", "approve"]


def test_logs_and_profiles_open_at_a_click(page: Browser) -> None:
    page.follow(".node[href='#step-train']")
    page.click("#step-train .log summary")
    assert "epoch 49" in page.script("return document.querySelector('#step-train .log pre').innerText")


def test_the_theme_follows_the_system_until_somebody_chooses(page: Browser, pages: Pages) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = page.script(ground)
    page.scheme("dark")
    dark = page.script(ground)
    assert light != dark
    page.click("#theme")
    assert page.script(ground) == light
    assert page.script("return document.querySelector('#theme').getAttribute('aria-pressed')") == "false"
    page.open(pages["reventful"])
    assert page.script(ground) == light


def test_a_digest_is_copied_whole(page: Browser) -> None:
    page.script("""
    window.copied = [];
    navigator.clipboard.writeText = async (text) => { window.copied.push(text); };
    """)
    page.click(".head .facts code[title]")
    assert page.script("return window.copied") == [f"blake3:{'c' * 64}"]


def test_tab_goes_through_the_page_in_its_order(page: Browser) -> None:
    seen = []
    for _ in range(11):
        page.press(TAB)
        seen.append(page.script(FOCUSED))
    assert seen == [
        "Skip to the content", "moorage", "Graph", "Timeline", "Results", "Steps", "Spec", "theme",
        "explain", "gate", "approve",
    ]  # fmt: skip
    page.press(TAB)
    assert page.script(FOCUSED) == "Skip the graph"
    page.press(TAB)
    assert page.script(FOCUSED) == "explain: failed, after train"  # one stop, at what failed
    page.press(TAB)
    assert page.script(FOCUSED) == "ingest"
    page.press(SHIFT, TAB)
    assert page.script(FOCUSED) == "explain: failed, after train"


def test_the_skip_link_is_seen_when_it_is_reached_and_leads_to_the_content(page: Browser) -> None:
    size = "return document.activeElement.getBoundingClientRect().width"
    page.press(TAB)
    assert page.script(size) > 50
    page.press(ENTER)
    assert page.script(FOCUSED) == "main"


def test_arrows_go_from_box_to_box(page: Browser) -> None:
    page.script("document.querySelector('.node[href=\"#step-ingest\"]').focus()")
    page.press(RIGHT)
    assert page.script(FOCUSED).startswith("clean: cached")
    assert page.script("return document.querySelectorAll('.edges .lit').length") == 2
    page.press(RIGHT)
    assert page.script(FOCUSED).startswith("train: succeeded")
    page.press(RIGHT)
    first = page.script(FOCUSED)
    page.press(DOWN)
    assert page.script(FOCUSED) != first
    page.press(ENTER)
    assert page.script("return location.hash").startswith("#step-")


def test_focus_is_seen_wherever_it_is(page: Browser) -> None:
    outline = """
    const at = getComputedStyle(document.activeElement), rect = document.activeElement.querySelector("rect");
    return at.outlineStyle !== "none" || (rect !== null && parseFloat(getComputedStyle(rect).strokeWidth) > 2);
    """
    for _ in range(30):
        page.press(TAB)
        assert page.script(outline), page.script(FOCUSED)


@pytest.mark.parametrize("name", ["rchain", "rfan"])
def test_a_large_graph_opens_where_it_begins_and_can_be_scrolled_by_keyboard(
    name: str, browser: Browser, pages: Pages
) -> None:
    browser.size(1280, 800)
    browser.open(pages[name])
    assert browser.script("""
    const box = document.getElementById("dag-box").getBoundingClientRect();
    const node = document.querySelector(".node").getBoundingClientRect();
    return node.left >= box.left && node.top >= box.top && node.right <= box.right && node.bottom <= box.bottom;
    """)
    assert browser.script("return document.getElementById('dag-box').tabIndex") == 0


def test_without_scripts_all_is_there(browser: Browser, pages: Pages) -> None:
    browser.scripts(allowed=False)
    try:
        browser.size(1280, 800)
        browser.scheme("light")
        browser.open(f"{pages['reventful']}#step-train")
        visible = "return [...document.querySelectorAll('.filter, #theme')].every((each) => each.hidden)"
        assert browser.script(visible)
        assert "train" in browser.script(OPEN)  # a link opens what it leads into
        browser.click(".card summary")
        assert "ingest" in browser.script(OPEN)
    finally:
        browser.scripts(allowed=True)


def test_what_users_wrote_is_text(page: Browser) -> None:
    page.script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert "<script>alert('no')</script>" in page.script("return document.querySelector('#step-ingest').innerText")
    assert page.script("return document.scripts.length") == 1
