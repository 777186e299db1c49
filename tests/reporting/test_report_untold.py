"""What cannot be told has no numbers in a report: where a side is not feasible, or a bill has gaps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from report_inputs import compare

from tinykit.reporting.page import Block, Cell, Number, Page, Picture, Table
from tinykit.reporting.report import make_page

pytest.importorskip("matplotlib")
BASE = (
    *("--edge", "mlperf:v1.3/NUCLEO_L4R5ZI-P/vww", "--cloud", "shared:a10", "--grid", "KR"),
    *("--supply", "primary:li", "--payload", 3000, "--events-per-day", 1440, "--report-share", 0.01),
)
SAVED = "What is saved against sending every input to the cloud"


def made(folder: Path, *words: object) -> Page:
    compare(*BASE, *words, "-o", folder)
    return make_page([folder])


@pytest.fixture(scope="module")
def lora(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Inputs that do not fit into LoRaWAN's messages."""
    return made(tmp_path_factory.mktemp("lora"), "--network", "lorawan,mobile")


@pytest.fixture(scope="module")
def money(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A bill of which most is priced on one side alone."""
    words = ("--network", "wifi,average", "--objective", "money", "--set", "supply.pack_usd_per_j=1e-4")
    return made(tmp_path_factory.mktemp("money"), *words)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Two points, at one of which the cloud cannot be reached."""
    words = ("--network", "wifi,average", "--edge", "10 J", "--sweep", "radio.kind=wifi,lorawan")
    return made(tmp_path_factory.mktemp("swept"), *words)


def blocks(page: Page) -> tuple[Block, ...]:
    return page.sections[0].blocks


def table(page: Page, title: str) -> Table:
    return next(one for one in blocks(page) if isinstance(one, Table) and one.title.startswith(title))


def pictures(page: Page) -> dict[str, Picture]:
    return {one.key.rpartition("1-")[2]: one for one in blocks(page) if isinstance(one, Picture)}


def text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Number) else cell


def words(picture: Picture) -> str:
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture.svg))


def test_what_is_not_feasible_saves_and_loses_nothing(lora: Page) -> None:
    answer = lora.sections[0].answer
    assert answer.verdict == "cannot be told"
    assert answer.loses[0] == "In no column can it be told: a side is not feasible."
    assert not any(one.startswith("In energy: it costs") for one in answer.loses)
    assert {row[1:] for row in table(lora, SAVED).rows} == {("not feasible", "", "not feasible", "")}


def test_no_picture_draws_what_is_not_feasible(lora: Page) -> None:
    drawn = pictures(lora)
    assert set(drawn) == {"ledger", "break-even"}
    assert ">cloud, NOT FEASIBLE" in drawn["ledger"].data.heads
    assert "not feasible" in words(drawn["ledger"])
    assert "both sides feasible" in words(drawn["break-even"])
    cells = {text(one) for row in drawn["break-even"].data.rows for one in row[1:]}
    assert "not feasible" in cells and "cannot be told" not in cells


def test_a_bill_with_gaps_saves_nothing(money: Page) -> None:
    answer = money.sections[0].answer
    assert answer.verdict == "cannot be told"
    row = next(row for row in table(money, SAVED).rows if row[0] == "money")
    assert [text(one) for one in row[1:]] == ["", "", "", ""]
    drawn = pictures(money)
    assert set(drawn) == {"ledger", "break-even"}
    assert "cannot be told" in words(drawn["break-even"])
    assert "not feasible" not in words(drawn["break-even"])


def test_every_point_of_a_sweep_is_counted(swept: Page) -> None:
    said = "At 1 of the sweep's 2 points; at 1 a side is not feasible."
    assert said in swept.sections[0].answer.loses
    points = table(swept, "The sweep: 2 points")
    assert points.heads[-2:] == ("edge chose", "cloud chose")
    assert [row[1] for row in points.rows][1] == "not feasible"


def test_settings_are_told_in_words(swept: Page) -> None:
    chosen = {row[0]: row[1] for row in table(swept, "The settings").rows}
    assert chosen["edge"] == "connects for every message"
    assert str(chosen["cloud"]).startswith("stays connected (") and "a shared server" in str(chosen["cloud"])
    points = table(swept, "The sweep")
    assert points.rows[0][-2:] == (chosen["edge"], chosen["cloud"])
    assert str(points.rows[1][-1]).startswith("connects for every message, sends inputs raw")


def test_a_total_of_some_lines_is_explained(swept: Page) -> None:
    ledger = pictures(swept)["ledger"].data
    assert any(text(one).startswith("≥ ") for row in ledger.rows for one in row)
    assert "≥" in ledger.note
