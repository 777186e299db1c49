"""The report in a real Chromium: nothing fails, nothing leaves the page, and keys are enough to use it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from report_inputs import Inputs, make_inputs

from tinykit.reporting.report import make_report

pytestmark = pytest.mark.browser
pytest.importorskip("matplotlib")
WIDTHS = (400, 800, 1200)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return make_inputs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="module")
def url(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "report.html"
    make_report(inputs.all, path)
    return path.as_uri()


@pytest.fixture(scope="module")
def chromium(require: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(require("chromium"))
    profile = tmp_path_factory.mktemp("profile")
    # CI is root in a container, where Chromium's own sandbox cannot be.
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(require("chromedriver"))))
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium: Any, url: str) -> Iterator[Any]:
    """The page, freshly loaded; after the test, its console was silent and it asked for nothing."""
    for log in ("browser", "performance"):
        chromium.get_log(log)
    resize(chromium, 1280)
    chromium.get(url)
    yield chromium
    assert chromium.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    asked = [
        one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"
    ]
    assert url in asked
    assert not [one for one in asked if one != url and not one.startswith("data:image/png;base64,")]


def resize(chromium: Any, width: int, height: int = 900) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def find(page: Any, selector: str) -> Any:
    return page.find_element("css selector", selector)


def shown(page: Any) -> tuple[float, float]:
    """From where to where the zoom shows the trace, in s."""
    words = find(page, ".zoom [role=status]").text.split()
    return float(words[0]), float(words[3])


def test_it_loads_in_silence_and_shows_the_answer(page: Any) -> None:
    assert "SIMULATED" in page.title
    top = find(page, ".answer.first").rect
    assert top["y"] + top["height"] < 900, "the first answer stands on the first screen"
    assert page.execute_script("return document.querySelectorAll('figure svg').length") >= 10


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_needs_scrolling_sideways(page: Any, width: int, scheme: str, tmp_path: Path) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    resize(page, width)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    paper = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    ink = page.execute_script("return getComputedStyle(document.querySelector('.picture text')).fill")
    assert ink == page.execute_script("return getComputedStyle(document.body).color")
    assert page.save_screenshot(str(tmp_path / f"{width}-{scheme}.png"))
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_no_table_or_picture_of_an_open_page_is_cut(page: Any) -> None:
    """Every formula can be read in any window; at 400 px rows are cards, and pictures fit."""
    all_of = "return [...document.querySelectorAll('.scroll{}')]"
    cut = all_of + ".filter(one => one.scrollWidth > one.clientWidth + 1).length"
    page.execute_script("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    for width in (1200, 800, 710):
        resize(page, width)
        assert page.execute_script(cut.format("")) == 0, width
    resize(page, 400)
    assert page.execute_script(cut.format(":not(.wide)")) == 0
    size = "return document.querySelector('figure[id$=ledger] text').getBoundingClientRect().height"
    assert page.execute_script(size) >= 8.0, "legible on a telephone"


def test_the_trace_is_zoomed_by_keys_buttons_and_mouse(page: Any) -> None:
    from selenium.webdriver import ActionChains, Keys

    whole = shown(page)
    assert whole[0] == 0.0 and whole[1] > 0.3
    chart = find(page, ".zoom svg")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].focus()", chart)
    chart.send_keys("+")
    nearer = shown(page)
    assert nearer[1] - nearer[0] == pytest.approx((whole[1] - whole[0]) / 2, abs=2e-6)
    chart.send_keys(Keys.ARROW_RIGHT)
    assert shown(page)[0] > nearer[0]
    chart.send_keys(Keys.HOME)
    assert shown(page) == whole
    find(page, ".zoom button[aria-label='Show: First inference']").send_keys(Keys.ENTER)
    assert shown(page)[1] - shown(page)[0] == pytest.approx(0.008 * 1.5, rel=0.01)
    find(page, ".zoom button[aria-label='Show: Whole session']").click()
    ActionChains(page).drag_and_drop_by_offset(chart, 200, 0).perform()
    assert 0.0 < shown(page)[1] - shown(page)[0] < (whole[1] - whole[0]) / 2


def test_windows_states_gaps_and_the_stamp_are_drawn(page: Any) -> None:
    said = page.execute_script("return [...document.querySelectorAll('.zoom text')].map(t => t.textContent)")
    assert {"SIMULATED", "10 inferences", "idle", "lost"} <= set(said)
    drawn = {
        kind: len(page.find_elements("css selector", f".zoom {kind}")) for kind in (".infer", ".idle", ".gap")
    }
    assert drawn == {".infer": 2, ".idle": 2, ".gap": 1}
    levels = page.execute_script("return document.querySelector('.zoom .mean').getAttribute('d').length")
    assert levels > 1000


def test_tables_open_by_key_and_all_at_once(page: Any) -> None:
    from selenium.webdriver import Keys

    closed = "details:not([open])"
    one = find(page, f"{closed} > summary")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", one)
    one.send_keys(Keys.ENTER)
    assert one.find_element("xpath", "..").get_attribute("open") is not None
    button = find(page, "#all-tables")
    button.send_keys(Keys.SPACE)
    assert button.text == "Hide all tables"
    assert page.find_elements("css selector", closed) == []
    button.send_keys(Keys.ENTER)
    assert page.find_elements("css selector", "details[open]") == []


def test_footnotes_lead_to_their_source(page: Any) -> None:
    link = find(page, ".answer.first sup a")
    link.click()
    assert page.execute_script("return document.querySelector(':target').id") == f"note-{link.text}"


def test_without_scripts_pictures_and_tables_are_there(page: Any, url: str) -> None:
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.get(url)
        assert not find(page, ".zoom").is_displayed()
        assert not find(page, "#tools").is_displayed()
        assert find(page, "figure[id$=trace] svg").is_displayed()
        find(page, "details:not([open]) > summary").click()
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_print_shows_pictures_and_no_controls(page: Any) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not find(page, ".zoom").is_displayed()
    assert not find(page, "nav").is_displayed()
    assert find(page, "figure[id$=trace] svg").is_displayed()
    folded = find(page, "details:not([open]) table")
    assert page.execute_script("return arguments[0].checkVisibility()", folded), "paper cannot be unfolded"
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert len(page.print_page()) > 10_000
