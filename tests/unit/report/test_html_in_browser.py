# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of a drift report in a browser: it opens at once, can be searched and read, and asks for nothing."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Report
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._report.html import page
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

from tests.bench.compile_once import inventory_hosts
from tests.bench.deployment import deployment
from tests.tools import browser as browsers
from tests.tools.browser import Browser

pytestmark = [pytest.mark.skipif(not browsers.is_here(), reason=browsers.MISSING), pytest.mark.no_cover]

HOSTS = 500
NOT_MANAGED = 2
"""The gateways of the generated deployment, which no report lists."""
MOST_BYTES = 5_000_000
MOST_READY_MILLISECONDS = 2_000
MOST_SEARCH_MILLISECONDS = 200
LEAST_CONTRAST = 4.5
"""For text that is not large, of WCAG 2.2, success criterion 1.4.3."""
TRIES = 3
"""A busy machine must not fail what is a bar on the page: the quickest of some tries counts."""
NOW = datetime.datetime(2026, 11, 28, 3, 0, tzinfo=datetime.timezone.utc)

READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
SHOWN = "document.querySelectorAll('details.device:not([hidden])').length"
SEARCH = """new Promise(done => {
  const find = document.getElementById("find"), start = performance.now();
  find.value = %s;
  find.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""
# Contrast as WCAG 2.2 defines it, of every element that has text of its own, against the first ground below it.
LOW_CONTRAST = """(() => {
  const parts = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = rgb => rgb.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) **
  2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const found = new Map();
  for (const item of document.body.querySelectorAll("*")) {
    if (![...item.childNodes].some(node => node.nodeType === 3 && node.data.trim()) || !item.checkVisibility())
    continue; if (["SCRIPT", "STYLE"].includes(item.tagName)) continue;
    let ground = null, opacity = 1;
    for (let at = item; at; at = at.parentElement) {
      const style = getComputedStyle(at), colour = parts(style.backgroundColor);
      opacity *= Number(style.opacity);
      if (!ground && (colour.length === 3 || colour[3] === 1)) ground = colour;
    }
    if (item.closest("svg") && item.tagName !== "text") continue;
    const style = getComputedStyle(item), ink = parts(item.tagName === "text" ? style.fill : style.color);
    const mixed = ink.slice(0, 3).map((v, i) => v * opacity + ground[i] * (1 - opacity));
    const [high, low] = [light(mixed), light(ground)].sort((a, b) => b - a), ratio = (high + 0.05) / (low + 0.05);
    if (ratio < %s) found.set(`${item.tagName}.${item.className.baseVal ?? item.className}`, ratio.toFixed(2));
  }
  return [...found].map(([name, ratio]) => `${name}: ${ratio}`);
})()"""


EDIT = {"kind": "change", "properties": [{"property": "remoteip", "before": ["any"], "after": ["10.1.0.0/24"]}]}
CHANGES = [
    *({**EDIT, "name": f"SIP {number}"} for number in range(3)),
    {"kind": "add", "name": "Web"},
    {"kind": "remove", "name": "Test"},
]
DRIFT = {"changed": True, "changes": CHANGES}


def report_of(plan: Plan, step: int) -> dict[str, object]:
    """Return a report in which every step-th host has deviations, and one cannot be reached."""
    answers: dict[str, dict[str, object]] = {
        name: {} if number % step else DRIFT for number, name in enumerate(plan.hosts)
    }
    answers[list(plan.hosts)[1]] = {"unreachable": True, "msg": "the connection timed out"}
    results = [
        TaskResult.of_answer(name, Concern.FIREWALL, Step.COMPARE, answer, is_check=True)
        for name, answer in answers.items()
    ]
    pending = ["fe0001: 10.3.0.0/16 newly admitted to TCP 5061"]
    return Report.of(results, Context(NOW, plan.hosts, pending=pending)).document()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a deployment of 500 hosts, of which 100 have drift."""
    plan = compile_inventory(inventory_hosts(deployment(HOSTS + NOT_MANAGED)))
    text = page(report_of(plan, step=5), plan)
    path = tmp_path_factory.mktemp("page") / "drift.html"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser") / "profile") as started:
        yield started


def test_five_hundred_hosts_open_and_search_without_delay(large: Path, browser: Browser) -> None:
    assert large.stat().st_size < MOST_BYTES
    ready = []
    for _try in range(TRIES):
        browser.open(large.as_uri())
        ready.append(browser.value(READY))
        assert browser.complaints == []
        assert set(browser.requests) - {"data:,"} == {large.as_uri()}
    assert min(ready) < MOST_READY_MILLISECONDS
    assert browser.value(SHOWN) == HOSTS
    assert min(browser.value(SEARCH % json.dumps(word)) for word in ("fe", "fe04", "fe0491")) < MOST_SEARCH_MILLISECONDS
    assert browser.value(SHOWN) == 1
    assert browser.value("document.getElementById('hits').textContent") == f"1 of {HOSTS}"


def test_the_search_is_at_hand_by_key(large: Path, browser: Browser) -> None:
    browser.open(large.as_uri())
    assert browser.value("document.activeElement.id") == ""
    browser.press("/")
    browser.write("timed out")
    assert browser.value("[document.activeElement.id, document.activeElement.value]") == ["find", "timed out"]
    assert browser.value(SHOWN) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_schemes(scheme: str, large: Path, browser: Browser) -> None:
    browser.look(scheme=scheme)
    browser.open(large.as_uri())
    red, _green, _blue = json.loads(
        browser.value("'[' + getComputedStyle(document.body).backgroundColor.match(/\\d+/g).join() + ']'")
    )
    assert (red > 200) == (scheme == "light")
    assert browser.value(LOW_CONTRAST % LEAST_CONTRAST) == []


def test_paper_shows_what_is_folded_on_a_screen(large: Path, browser: Browser) -> None:
    browser.open(large.as_uri())
    folded = "document.querySelector('details.device:not([open]) p').checkVisibility()"
    assert browser.value(folded) is False
    browser.look(medium="print")
    assert browser.value(folded) is True
    assert browser.value("document.querySelector('nav').checkVisibility()") is False
    browser.look()


def test_no_page_is_wider_than_a_small_screen(large: Path, browser: Browser) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=False)
    browser.open(large.as_uri())
    assert browser.value("document.documentElement.scrollWidth") <= 400
    browser.call("Emulation.clearDeviceMetricsOverride")


def test_the_browser_tells_of_requests_and_complaints(tmp_path: Path, browser: Browser) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<img src='other.png'><script>console.error('no'); undefined_name();</script>", encoding="utf-8")
    browser.open(bad.as_uri())
    assert (tmp_path / "other.png").as_uri() in browser.requests
    assert any("undefined_name" in text for text in browser.complaints) and any(
        "'no'" in text for text in browser.complaints
    )
