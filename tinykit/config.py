"""``tinykit.toml``: the ports, boards and meters of a bench, by name.

The dataclasses below are the schema: each field's type, default and help stand once, here; the reader and
``docs/reference/configuration.md`` both follow from them. A loaded `Config` is frozen.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

from tinykit.errors import ConfigError

FILE_NAME = "tinykit.toml"
ENVIRONMENT_VARIABLE = "TINYKIT_CONFIG"
MAX_SIZE_BYTES = 1 << 20

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """What the schema says about a field beside its type; all fields may be left out."""

    help: str
    example: str | int | float
    above_zero: bool = False


@dataclass(frozen=True)
class Target:
    """Something that runs inferences: a board on a port."""

    port: Annotated[str | None, Setting("Serial port, or a URL: socket://host:port.", "/dev/ttyACM0")] = None
    board: Annotated[str | None, Setting("Name of the board description.", "virtual-m4")] = None
    baud: Annotated[int | None, Setting("Speed of the port in baud.", 115200, above_zero=True)] = None
    reset: Annotated[str | None, Setting("What opening does: plain, none, dtr or rts.", "none")] = None


@dataclass(frozen=True)
class Meter:
    """Something that samples power."""

    kind: Annotated[str | None, Setting("Name of the meter's driver.", "ppk2")] = None
    port: Annotated[str | None, Setting("Serial port or address of the meter.", "/dev/ttyACM1")] = None
    voltage_v: Annotated[float | None, Setting("Supply voltage in volts.", 3.3, above_zero=True)] = None
    calibration: Annotated[Path | None, Setting("Its file; relative to this one.", "ppk2-12.json")] = None


@dataclass(frozen=True)
class Defaults:
    """What a command takes where it is not told."""

    target: Annotated[str | None, Setting("Name of a target in this file.", "desk")] = None
    meter: Annotated[str | None, Setting("Name of a meter in this file.", "bench")] = None


def _nothing() -> Mapping[str, typing.Any]:
    return types.MappingProxyType({})


@dataclass(frozen=True)
class Config:
    """A bench. ``path`` is the file it came from; None where there is none, and then all is empty."""

    path: Path | None = None
    targets: Mapping[str, Target] = field(default_factory=_nothing)
    meters: Mapping[str, Meter] = field(default_factory=_nothing)
    defaults: Defaults = Defaults()


NAMED_SECTIONS: Mapping[str, type] = types.MappingProxyType({"targets": Target, "meters": Meter})


def find_config(start: Path | None = None) -> Path | None:
    """Return the first ``tinykit.toml`` in ``start`` (the working folder) or the folders above it."""
    folder = (start or Path.cwd()).resolve()
    candidates = (place / FILE_NAME for place in (folder, *folder.parents))
    return next((path for path in candidates if path.is_file()), None)


def load_config(path: Path | None = None, *, start: Path | None = None) -> Config:
    """Load the bench's settings: ``path``, else the file that TINYKIT_CONFIG names, else `find_config`.

    An empty `Config` where there is no file. Raises ConfigError where a named file is not there, or a file
    cannot be read, is not TOML, or holds an unknown key or a value of the wrong type.
    """
    if path is None:
        named = os.environ.get(ENVIRONMENT_VARIABLE)
        path = Path(named) if named else find_config(start)
    return Config() if path is None else parse_config(_read(path), path)


def _read(path: Path) -> str:
    try:
        if not path.is_file():
            raise ConfigError(
                f"{path}: there is no such file.",
                hint=f"check --config and {ENVIRONMENT_VARIABLE}, or leave both away.",
            )
        with path.open("rb") as file:
            data = file.read(MAX_SIZE_BYTES + 1)
        if len(data) > MAX_SIZE_BYTES:
            raise ConfigError(f"{path}: larger than 1 MiB.", hint="a bench's settings fit in a few lines.")
        return data.decode()
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}.", hint="check the file's permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: is not UTF-8 text (byte {error.start}).", hint="save the file as UTF-8."
        ) from error


def parse_config(text: str, path: Path) -> Config:
    """Check the text of a settings file; ``path`` stands in messages and anchors relative paths."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(
            f"{path}: is not TOML: {error}.", hint="https://toml.io shows the format."
        ) from error
    reader = _Reader(path, text)
    reader.refuse_unknown((), document, [*NAMED_SECTIONS, "defaults"])
    config = Config(
        path=path,
        targets=reader.named("targets", Target, document),
        meters=reader.named("meters", Meter, document),
        defaults=reader.section(("defaults",), Defaults, document.get("defaults", {})),
    )
    reader.check_reference("target", config.defaults.target, config.targets)
    reader.check_reference("meter", config.defaults.meter, config.meters)
    return config


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    def named(self, name: str, kind: type[T], document: Mapping[str, object]) -> Mapping[str, T]:
        tables = self.table((name,), document.get(name, {}))
        return types.MappingProxyType({key: self.section((name, key), kind, tables[key]) for key in tables})

    def section(self, keys: tuple[str, ...], kind: type[T], value: object) -> T:
        table = self.table(keys, value)
        schema = {entry.name: entry for entry in settings(kind)}
        self.refuse_unknown(keys, table, list(schema))
        return kind(**{name: self.value((*keys, name), schema[name], table[name]) for name in table})

    def value(self, keys: tuple[str, ...], entry: SettingEntry, value: object) -> object:
        about, wanted = entry.about, entry.type
        accepted = {float: (int, float), Path: (str,)}.get(wanted, (wanted,))
        if isinstance(value, bool) or not isinstance(value, accepted):
            hint = f"For example: {entry.name} = {toml_value(about.example)}"
            self.refuse(keys, f"must be {TYPE_NAMES[wanted]}, not {_toml_name(value)}", hint)
        # Written so that NaN is refused as well.
        if about.above_zero and not 0 < value < float("inf"):  # type: ignore[operator]
            self.refuse(keys, f"must be above zero and finite, not {value}", about.help)
        return self.path.parent / str(value) if wanted is Path else wanted(value)

    def table(self, keys: tuple[str, ...], value: object) -> Mapping[str, object]:
        if not isinstance(value, dict):
            name = ".".join(keys)
            self.refuse(
                keys, f"must be a table, not {_toml_name(value)}", f"Write [{name}] above its settings."
            )
        return value

    def refuse_unknown(self, keys: tuple[str, ...], table: Mapping[str, object], known: list[str]) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"Did you mean {near[0]}? " if near else ""
                self.refuse((*keys, key), "is not a known key", f"{hint}Known here: {', '.join(known)}.")

    def check_reference(self, what: str, name: str | None, known: Mapping[str, object]) -> None:
        if name is not None and name not in known:
            near = difflib.get_close_matches(name, list(known), n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Add a table [{what}s.{name}]."
            self.refuse(("defaults", what), f"names '{name}', and there is no [{what}s.{name}]", hint)

    def refuse(self, keys: tuple[str, ...], what: str, hint: str) -> NoReturn:
        line = find_line(self.text, keys)
        place = f"{self.path}:{line}" if line else str(self.path)
        raise ConfigError(f"{place}: {'.'.join(keys)} {what}.", hint=hint)


TYPE_NAMES = {str: "text", int: "a whole number", float: "a number", Path: "a path (text)"}


@dataclass(frozen=True)
class SettingEntry:
    """One key of a table: its name, the type of its value, and what the schema says about it."""

    name: str
    type: type
    about: Setting


def settings(kind: type) -> tuple[SettingEntry, ...]:
    """Return the schema of one of the dataclasses above, in its order."""
    entries = []
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        optional, about = typing.get_args(hint)
        (wanted,) = set(typing.get_args(optional)) - {types.NoneType}
        entries.append(SettingEntry(name, wanted, about))
    return tuple(entries)


def toml_value(value: object) -> str:
    """Write an example value as TOML."""
    return f'"{value}"' if isinstance(value, str) else str(value)


def _toml_name(value: object) -> str:
    names = {bool: "true or false", str: "text", int: "a whole number", float: "a number", list: "a list"}
    return names.get(type(value), "a table" if isinstance(value, dict) else type(value).__name__)


def find_line(text: str, keys: tuple[str, ...]) -> int | None:
    """Return the line of a key (from 1), or None; tomllib keeps none, so look for the usual spelling."""
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            section = tuple(_dotted(header[1]))
            if section == keys:
                return number
        elif (entry := re.match(r"\s*([\w\".'-]+)\s*=", line)) and (*section, *_dotted(entry[1])) == keys:
            return number
    return None


def _dotted(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in name.split(".")]
