"""The error tree. Each class is a stage of the work; each error says what happened and the way out.

::

    TinykitError                     exit 1   something inside tinykit failed
     ├── UsageError                  exit 2   what was asked cannot be asked like that
     │    └── MissingExtraError      exit 2   an optional part is not installed
     ├── InputError                  exit 3   what was given is refused
     │    ├── ModelError             exit 3   a model file cannot be read or is not sound
     │    ├── DatasetError           exit 3   data cannot be read or do not fit the model
     │    ├── RecordingError         exit 3   a recording of power cannot be read, or says nothing
     │    ├── ConfigError            exit 3   tinykit.toml or another settings file
     │    └── OutputError            exit 3   the place to write to does not take the result
     ├── ConversionError             exit 3   the converter could not do it with this model
     ├── BuildError                  exit 3   a model could not be made into an image
     ├── GateError                   exit 4   a gate or a verdict failed
     └── DeviceError                 exit 5   a board, a meter or a port
          └── MeterError             exit 5   a power meter

Exit codes 0 (done) and 130 (interrupted) have no class. ``code`` is stable: programs may match on it;
messages may be reworded.
"""

from __future__ import annotations


class TinykitError(Exception):
    """Base of every error that tinykit raises on purpose.

    ``message`` is one line: what happened and where. ``hint`` is the way out. ``code`` is a stable
    upper-case word; a raise may give a more precise one than its class.
    """

    exit_code: int = 1
    code: str = "INTERNAL"

    def __init__(self, message: str, *, hint: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} Hint: {self.hint}"


class UsageError(TinykitError):
    """The command or call cannot be carried out as it was written."""

    exit_code = 2
    code = "USAGE"


class MissingExtraError(UsageError):
    """An optional dependency is absent; the hint names the extra that brings it."""

    code = "MISSING_EXTRA"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} is not installed.",
            hint=f"pip install 'tinykit[{extra}]' brings it.",
        )
        self.extra = extra


class InputError(TinykitError):
    """Something that was given is refused."""

    exit_code = 3
    code = "INPUT"


class ModelError(InputError):
    """A model file cannot be read, is damaged, or holds what tinykit does not take."""

    code = "MODEL"


class DatasetError(InputError):
    """Data cannot be read, or do not fit the model."""

    code = "DATASET"


class RecordingError(InputError):
    """A recording of power is damaged, is not what it says, or cannot answer what was asked of it."""

    code = "RECORDING"


class ConfigError(InputError):
    """A settings file is wrong; the message names the key."""

    code = "CONFIG"


class OutputError(InputError):
    """The result cannot be written where it was asked for."""

    code = "OUTPUT"


class ConversionError(TinykitError):
    """The converter could not convert this model, or died trying."""

    exit_code = 3
    code = "CONVERSION"


class BuildError(TinykitError):
    """A model could not be made into code or an image: an operator, the board's room, the compiler."""

    exit_code = 3
    code = "BUILD"


class GateError(TinykitError):
    """A gate or a verdict failed: the work was done and the result is not good enough."""

    exit_code = 4
    code = "GATE"


class DeviceError(TinykitError):
    """A board, a meter or a port did not do what was asked."""

    exit_code = 5
    code = "DEVICE"


class MeterError(DeviceError):
    """A power meter is not there, is another one, or does not do what was asked."""

    code = "METER"
