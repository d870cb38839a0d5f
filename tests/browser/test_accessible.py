"""What a screen reader and weak eyes need: names, order, contrast."""

from itertools import pairwise

import pytest

from tests.browser.conftest import Pages
from tests.browser.webdriver import Browser

NAMES = ("reventful", "rfan", "compare")

LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: text against what lies behind it."""

UNNAMED = """
const named = (each) => each.getAttribute("aria-label") || each.textContent.trim()
  || (each.getAttribute("aria-labelledby") && document.getElementById(each.getAttribute("aria-labelledby")));
const bad = [];
for (const svg of document.querySelectorAll("svg")) {
  if (svg.closest("[aria-hidden=true]")) continue;
  const isNamed = svg.querySelector(":scope > title") || svg.getAttribute("aria-labelledby");
  if (!["img", "group"].includes(svg.getAttribute("role")) || !isNamed) bad.push(svg.outerHTML.slice(0, 120));
  if (svg.getAttribute("role") === "img" && svg.querySelector("a")) bad.push("a link inside a picture");
}
for (const each of document.querySelectorAll("a, button, summary, nav, section, table, [role=region], [role=group]")) {
  if (!named(each)) bad.push(each.outerHTML.slice(0, 120));
}
for (const table of document.querySelectorAll("table")) {
  if (!table.caption || !table.querySelector("th[scope=col]")) bad.push("a table without caption or titles");
  const isBare = (row) => !row.querySelector("th[scope=row]");
  if ([...table.tBodies[0].rows].some(isBare)) bad.push(table.caption.textContent);
}
return bad;
"""

PARTS = """
return {
  language: document.documentElement.lang,
  landmarks: ["header", "nav", "main", "footer"].map((name) => document.querySelectorAll(`body ${name}`).length),
  headings: [...document.querySelectorAll("h1,h2,h3,h4")].map((each) => Number(each.tagName[1])),
  first: document.querySelector("a, button").textContent,
};
"""

CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const light = ([red, green, blue]) => {
  const part = (value) => { const s = value / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
};
const ratio = (one, other) => {
  const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
};
const behind = (element) => {
  const box = element.closest(".node");
  if (box) return rgba(getComputedStyle(box.querySelector("rect")).fill);
  for (let at = element; at; at = at.parentElement) {
    const found = rgba(getComputedStyle(at).backgroundColor);
    if (found[3] === 255) return found;
  }
  return [255, 255, 255, 255];
};
const weak = {};
for (const element of document.querySelectorAll("body *")) {
  const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!text || ["SCRIPT", "STYLE", "TITLE", "DESC", "title", "desc"].includes(element.tagName)) continue;
  if (!element.getClientRects().length || element.closest(".unseen, .skip")) continue;
  const style = getComputedStyle(element);
  const found = ratio(rgba(element instanceof SVGElement ? style.fill : style.color), behind(element));
  const name = `${element.tagName} ${element.className.baseVal ?? element.className}`;
  if (found < arguments[0]) weak[name] = found.toFixed(2);
}
return weak;
"""

SIGNS = """
const canvas = document.createElement("canvas").getContext("2d");
const seen = [];
for (const state of document.querySelectorAll(".card .state, .counts .state, .node")) {
  const word = state.getAttribute("aria-label") || state.textContent;
  const icon = state.querySelector("use").getAttribute("href").slice(3);
  if (!word.includes(icon)) seen.push(`${icon}: ${word}`);
}
return seen;
"""


@pytest.fixture(params=NAMES)
def opened(request: pytest.FixtureRequest, browser: Browser, pages: Pages) -> Browser:
    """One page after the other, with all of its details open."""
    browser.size(1280, 800)
    browser.scheme("light")
    browser.open(pages[request.param])
    browser.script(
        "localStorage.clear(); document.querySelectorAll('details').forEach((each) => { each.open = true; })"
    )
    return browser


def test_everything_that_needs_a_name_has_one(opened: Browser) -> None:
    assert opened.script(UNNAMED) == []


def test_landmarks_and_headings_tell_the_page(opened: Browser) -> None:
    parts = opened.script(PARTS)
    assert parts["language"] == "en"
    assert parts["landmarks"] == [1, 1, 1, 1]
    assert parts["first"] == "Skip to the content"
    levels = parts["headings"]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_what_lies_behind_it(opened: Browser, scheme: str) -> None:
    opened.scheme(scheme)
    assert opened.script(CONTRAST, LEAST_CONTRAST) == {}


def test_no_state_is_told_by_colour_alone(opened: Browser) -> None:
    assert opened.script(SIGNS) == []


def test_what_can_be_pressed_is_large_enough_for_a_finger(browser: Browser, pages: Pages) -> None:
    browser.size(390, 844)
    browser.open(pages["reventful"])
    small = browser.script("""
    return [...document.querySelectorAll("button:not([hidden]), .card > summary")]
      .filter((each) => each.getBoundingClientRect().height < 24).map((each) => each.textContent);
    """)
    assert small == []  # WCAG 2.2, 2.5.8
