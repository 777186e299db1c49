"""``tinykit compare`` for somebody who sees it first: what is a total, what is no figure, what was chosen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from tinykit.cli.compare import command
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.resolve import resolve
from tinykit.comparison.scenario import Scenario

FEW = ("--edge", "1.3 mJ", "--draws", "200", "--no-plots")


def row(text: str, name: str, nth: int = 0) -> str:
    return [line for line in text.splitlines() if re.match(rf"{re.escape(name)}  ", line)][nth]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    from click.testing import CliRunner

    done = CliRunner().invoke(command, [*FEW], env={"COLUMNS": "300"})
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_total_with_gaps_is_a_lower_bound_in_every_table(shown: str) -> None:
    assert row(shown, "total").count("≥ ") == 3
    for name in ("energy", "carbon", "water"):
        assert row(shown, name, -1).count("≥ ") == 3, name


def test_money_of_some_lines_alone_saves_nothing(shown: str) -> None:
    saved, sums = row(shown, "money", 0), row(shown, "money", -1)
    assert "USD" not in saved and "?" in saved
    assert "USD" not in sums.replace("≥ ", "", 1) or "≥ " in sums


def test_a_bill_without_a_price_is_told_by_no_headline(tinykit) -> None:
    money = (
        "compare",
        *FEW,
        "--objective",
        "money",
        "--set",
        "edge.price_usd=9",
        "--set",
        "node.price_usd=8",
    )
    ran = tinykit(*money)
    assert "in money cannot be told: nobody has a figure of " in ran.out.splitlines()[0]
    assert "network.tariff" in " ".join(ran.out.split())
    priced = tinykit(*money, "--set", "network.usd_per_byte=1e-8", "--set", "grid.device_usd_per_j=4e-8")
    assert "USD" in priced.out.splitlines()[0] and "priced" not in priced.out.splitlines()[0]
    assert "USD" in row(priced.out, "money", 0)


def test_a_total_without_gaps_carries_no_mark(tinykit) -> None:
    known = ("device.sense_j", "device.sleep_w", "device.prepare_j", "edge.preprocess_j", "gateway.share_w",
             "cloud.request_j", "cloud.decode_j", "cloud.storage_j_per_byte", "edge.training_j",
             "cloud.training_j")  # fmt: skip
    settings = [part for key in known for part in ("--set", f"{key}=0")]
    ran = tinykit("compare", *FEW, *settings)
    assert ran.code == 0, ran.err
    assert "≥" not in row(ran.out, "total")


def test_settings_that_each_side_chose_stand_in_words_under_one_explanation(shown: str) -> None:
    head = shown.index("Settings that each side chose")
    after = shown[head:].splitlines()[1:4]
    assert [line.split()[0] for line in after] == ["edge", "cloud", "hybrid"]
    assert "connects for every message" in after[0]
    assert "stays connected (light-sleep-dtim3)" in after[1] and "a shared server" in after[1]
    assert all("decides in" in line for line in after)
    assert shown.replace("second hand", "").count("hand") == 1, (
        "the word is explained once, and used nowhere else"
    )


def test_points_that_cannot_be_are_named_so(tinykit) -> None:
    ran = tinykit("compare", *FEW, "--sweep", "payload_bytes=3000,3e9")
    assert "saves at 1; at 1 a side is not feasible." in ran.out and "cannot be told" not in ran.out
    assert "not feasible" in ran.out.splitlines()[-1] or ran.out.count("not feasible") > 1


def test_a_sweep_tells_what_was_chosen_in_the_same_words(tinykit) -> None:
    ran = tinykit("compare", *FEW, "--sweep", "radio.power_save=light-sleep-dtim3,light-sleep-dtim10")
    said = " ".join(ran.out.split())
    assert ran.code == 0 and "reconnect, 1 a connection" not in said
    assert "light-sleep-dtim10)" in said and "connects for every message" in said


def test_help_shows_the_defaults_that_hold() -> None:
    shown = {one.name: one.show_default for one in command.params if isinstance(one, click.Option)}
    words = Scenario().words()
    figures = resolve(Scenario(), Catalog.load(), words)
    assert shown["cloud"] == f"{words['cloud.case']}:{words['cloud.accelerator']}"
    assert shown["network"].startswith(words["radio.kind"]) and words["network.mode"] in shown["network"]
    assert shown["grid"] == words["grid.device"] == words["grid.cloud"]
    assert (shown["supply"], shown["stance"]) == (words["supply.kind"], words["stance"])
    assert shown["objective"] == words["run.objective"]
    for option, key in (
        ("payload", "service.payload_bytes"),
        ("events_per_day", "service.events_per_day"),
        ("report_share", "service.report_share"),
        ("draws", "run.draws"),
        ("seed", "run.seed"),
    ):
        assert float(shown[option]) == figures[key].nominal, option


@pytest.mark.parametrize("option", ["--fleet", "--export"])
def test_what_is_written_into_a_folder_says_which_option_wants_one(tinykit, option: str) -> None:
    value = {"--fleet": "devices=10,years=1", "--export": "sci"}[option]
    ran = tinykit("compare", *FEW, option, value)
    assert ran.code == 2 and option in ran.err and "-o DIR" in ran.err


def test_what_an_export_lacks_is_a_note_of_the_command(tinykit, tmp_path: Path) -> None:
    exports = ("compare", *FEW, "--export", "codecarbon", "--export", "sci", "-o", str(tmp_path))
    said = " ".join(tinykit(*exports).out.split())
    for name in ("emissions.csv: One device-day", "no intervals", "The sums lack device.sense", "sci.json: "):
        assert name in said, name
    notes = json.loads(tinykit(*exports, "--json").out)["notes"]
    assert any(note.startswith("emissions.csv: ") and "The sums lack" in note for note in notes)


def test_a_zone_that_there_is_not_names_the_option_and_what_a_zone_is(tinykit) -> None:
    ran = tinykit("compare", *FEW, "--grid", "KX")
    said = " ".join(ran.err.split())
    assert ran.code == 3 and "--grid: there is no zone 'KX'" in said
    assert "Did you mean" not in said and "ISO 3166" in said
