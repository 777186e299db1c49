"""tinykit.toml: found, read into frozen records, refused with the key, the line and the way out."""

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.config import Config, find_config, find_line, load_config, parse_config
from tinykit.errors import ConfigError

BENCH = """
# our bench
[targets.desk]
port = "/dev/ttyACM0"
board = "virtual-m4"
baud = 115200

[targets."corner board"]
port = "socket://bench:4000"

[meters.bench]
kind = "ppk2"
voltage_v = 3
calibration = "cal/ppk2.json"

[defaults]
target = "desk"
meter = "bench"
"""


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(tmp_path, monkeypatch):
    monkeypatch.delenv("TINYKIT_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def refused(text):
    with pytest.raises(ConfigError) as caught:
        parse_config(text, Path("bench.toml"))
    assert caught.value.exit_code == 3
    return caught.value


def test_a_bench(tmp_path):
    path = tmp_path / "tinykit.toml"
    path.write_text(BENCH)
    config = load_config(path)
    assert config.path == path
    assert config.targets["desk"].baud == 115200
    assert config.targets["corner board"].port == "socket://bench:4000"
    assert config.targets["corner board"].baud is None
    meter = config.meters["bench"]
    assert (meter.kind, meter.voltage_v) == ("ppk2", 3.0)
    assert isinstance(meter.voltage_v, float)
    assert config.defaults.target == "desk"


def test_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / "tinykit.toml").write_text(BENCH)
    assert load_config().meters["bench"].calibration == tmp_path / "cal" / "ppk2.json"


def test_a_config_is_frozen(tmp_path):
    config = parse_config(BENCH, tmp_path / "tinykit.toml")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.targets["desk"].port = "x"
    with pytest.raises(TypeError):
        config.targets["other"] = config.targets["desk"]


def test_without_a_file_all_is_empty():
    config = load_config()
    assert config == Config()
    assert (config.path, dict(config.targets), dict(config.meters)) == (None, {}, {})


def test_the_nearest_file_upwards_wins(tmp_path, monkeypatch):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "tinykit.toml").write_text("")
    assert find_config(inner) == tmp_path / "tinykit.toml"
    (tmp_path / "a" / "tinykit.toml").write_text("")
    assert find_config(inner) == tmp_path / "a" / "tinykit.toml"
    (inner / "tinykit.toml").mkdir()  # a folder of that name is no settings file
    monkeypatch.chdir(inner)
    assert load_config().path == tmp_path / "a" / "tinykit.toml"


def test_the_environment_beats_the_search_and_an_argument_beats_both(tmp_path, monkeypatch):
    for name in ("tinykit.toml", "environment.toml", "argument.toml"):
        (tmp_path / name).write_text("")
    monkeypatch.setenv("TINYKIT_CONFIG", str(tmp_path / "environment.toml"))
    assert load_config().path == tmp_path / "environment.toml"
    assert load_config(tmp_path / "argument.toml").path == tmp_path / "argument.toml"


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("[targets.desk]\nprot = 'x'\n", ":2: targets.desk.prot is not a known key", "Did you mean port?"),
        ("[metres.x]\n", "bench.toml: metres is not a known key", "Did you mean meters?"),
        ("[targets.a]\n\nbaud = '1'\n", ":3: targets.a.baud must be a whole number, not text", "115200"),
        ("[targets.desk]\nbaud = true\n", "must be a whole number, not true or false", "baud"),
        ("[targets.desk]\nbaud = 9600.0\n", "must be a whole number, not a number", "baud"),
        ("[targets.desk]\nbaud = 0\n", "bench.toml:2: targets.desk.baud must be above zero", "baud"),
        ("[meters.a]\nvoltage_v = nan\n", "must be above zero", "volt"),
        ("[meters.a]\nvoltage_v = inf\n", "must be above zero and finite", "volt"),
        ("[meters.a]\ncalibration = 3\n", "meters.a.calibration must be a path", '"'),
        ("[meters.a]\nport = ['x']\n", "must be text, not a list", "port"),
        ("[meters.a]\nport = 2026-01-01\n", "must be text, not date", "port"),
        ("targets = 3\n", "bench.toml:1: targets must be a table", "[targets]"),
        ("[targets]\ndesk = '/dev/x'\n", "bench.toml:2: targets.desk must be a table", "[targets.desk]"),
        ("[[targets]]\n", "targets must be a table, not a list", "[targets]"),
        ("[targets.desk]\n[defaults]\ntarget = 'desc'\n", ":3: defaults.target names 'desc'", "mean desk?"),
        ("[defaults]\nmeter = 'x'\n", "no [meters.x]", "[meters.x]"),
        ("[targets.desk\n", "bench.toml: is not TOML", "toml.io"),
        ("a = " + "[" * 5000, "is not TOML", "toml.io"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text, place, hint):
    error = refused(text)
    assert place in error.message
    assert hint in error.hint
    assert "\n" not in error.message


def test_the_unknown_key_lists_the_known_ones():
    assert "Known here: port, board, baud, reset." in refused("[targets.desk]\nzzz = 1\n").hint


@pytest.mark.parametrize("via", ["argument", "environment"])
def test_a_named_file_must_be_there(tmp_path, monkeypatch, via):
    path = tmp_path / "absent.toml"
    monkeypatch.setenv("TINYKIT_CONFIG", str(path))
    with pytest.raises(ConfigError, match="no such file"):
        load_config(path if via == "argument" else None)


@pytest.mark.parametrize(
    ("data", "what"), [(b"\xff\xfe", "UTF-8"), (b"#" * (1 << 20) + b"\n", "larger than 1 MiB")]
)
def test_what_is_no_settings_text_is_refused(tmp_path, data, what):
    path = tmp_path / "tinykit.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=what):
        load_config(path)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        parse_config(text, Path("bench.toml"))
    except ConfigError as error:
        assert error.hint


names = st.text(st.characters(categories=["Ll", "Nd"], max_codepoint=127), min_size=1, max_size=8)


@settings(deadline=None)
@given(st.dictionaries(names, st.integers(1, 10**7), max_size=5))
def test_every_table_is_found_with_its_line(bauds):
    lines = [f"[targets.{name}]\nbaud = {baud}\n" for name, baud in bauds.items()]
    text = "".join(lines)
    config = parse_config(text, Path("bench.toml"))
    assert {name: target.baud for name, target in config.targets.items()} == bauds
    for number, name in enumerate(bauds):
        assert find_line(text, ("targets", name, "baud")) == 2 * number + 2
    assert tomllib.loads(text) == ({"targets": {n: {"baud": b} for n, b in bauds.items()}} if bauds else {})


def test_lines_of_other_spellings():
    text = 'targets.desk.baud = 1\n[meters]\n"a".port = 1\n'
    assert find_line(text, ("targets", "desk", "baud")) == 1
    assert find_line(text, ("meters", "a", "port")) == 3
    assert find_line(text, ("meters", "zzz")) is None
