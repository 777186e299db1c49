"""Choosing a TensorFlow Lite runtime by building an interpreter, never by importing alone.

``tflite_runtime`` imports without complaint beside NumPy 2 and dies when an interpreter is built, so
only a small model that ran to the right answer counts as "works".
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
from dataclasses import dataclass

import numpy as np

from tinykit.errors import MissingExtraError, UsageError
from tinykit.runtime.interpreter import Runtime
from tinykit.runtime.tiny_model import TINY_INPUT, TINY_MODEL, TINY_OUTPUT

ORACLE_VERSION = "2.3.0"
"""The ai-edge-litert whose reference kernels are the truth for int8; the extra ``runtime`` pins it.

Rounding differs between versions, so a check against any other is *not run*, never passed.
"""

_ORACLE_NAME = "ai-edge-litert"


@dataclass(frozen=True)
class _Candidate:
    name: str
    module: str
    extra: str


_CANDIDATES = (
    _Candidate(_ORACLE_NAME, "ai_edge_litert.interpreter", "runtime"),
    _Candidate("tflite-runtime", "tflite_runtime.interpreter", "runtime-legacy"),
)


@dataclass(frozen=True)
class RuntimeProbe:
    """What came of trying one runtime: ``works``, or ``problem`` in one line; ``version`` "" if unknown."""

    name: str
    version: str
    works: bool
    is_oracle: bool
    problem: str
    extra: str


def runtime_names() -> tuple[str, ...]:
    """The runtimes that tinykit knows, best first."""
    return tuple(candidate.name for candidate in _CANDIDATES)


def probe_runtimes() -> tuple[RuntimeProbe, ...]:
    """Try every known runtime, best first. Never raises: a broken one is a probe with ``problem``."""
    return tuple(_probe(candidate)[0] for candidate in _CANDIDATES)


def choose_runtime(prefer: str | None = None) -> Runtime:
    """The first runtime that works, or ``prefer`` and no other when it is named.

    Raises UsageError for a name that is not one of :func:`runtime_names`, and MissingExtraError or
    UsageError (code ``NO_RUNTIME``) where none works; the latter says what each one died of.
    """
    if prefer is not None and prefer not in runtime_names():
        raise UsageError(
            f"There is no runtime called {prefer!r}.", hint=f"choose one of: {', '.join(runtime_names())}."
        )
    candidates = [c for c in _CANDIDATES if prefer in (None, c.name)]
    problems = []
    for candidate in candidates:
        probe, runtime = _probe(candidate)
        if runtime is not None:
            return runtime
        problems.append(probe)
    if not any(p.version for p in problems):
        what = prefer or "A TensorFlow Lite runtime"
        raise MissingExtraError(what, candidates[0].extra)
    raise UsageError(
        "No TensorFlow Lite runtime works here: " + "; ".join(f"{p.name}: {p.problem}" for p in problems),
        hint=f"pip install 'tinykit[{candidates[0].extra}]' brings one that fits.",
        code="NO_RUNTIME",
    )


def _probe(candidate: _Candidate) -> tuple[RuntimeProbe, Runtime | None]:
    version = _installed_version(candidate.name)
    is_oracle = candidate.name == _ORACLE_NAME and version == ORACLE_VERSION
    problem, runtime = "", None
    try:
        # NumPy 2 writes 30 lines to sys.stderr when a module built for NumPy 1 loads; the finding says it.
        with contextlib.redirect_stderr(io.StringIO()):
            module = importlib.import_module(candidate.module)
            runtime = Runtime(candidate.name, version, is_oracle, module)
            _prove(runtime)
    except ModuleNotFoundError as error:
        runtime = None
        problem = "not installed" if not version and _is_own(error, candidate) else _one_line(error)
    # A broken native module can raise anything, SystemError included; whatever it is, it is the finding.
    except Exception as error:
        runtime, problem = None, _one_line(error)
    works = runtime is not None
    return RuntimeProbe(candidate.name, version, works, is_oracle, problem, candidate.extra), runtime


def _prove(runtime: Runtime) -> None:
    interpreter = runtime.interpreter(TINY_MODEL)
    (answer,) = interpreter.invoke(np.array([TINY_INPUT], dtype=np.float32))
    if not np.array_equal(answer, np.array([TINY_OUTPUT], dtype=np.float32)):
        raise ArithmeticError(f"1.5 + 1.5, -2 - 2 came out as {answer.tolist()}")


def _installed_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _is_own(error: ModuleNotFoundError, candidate: _Candidate) -> bool:
    return (error.name or "").split(".")[0] == candidate.module.split(".")[0]


def _one_line(error: BaseException) -> str:
    # Extension modules hide the reason behind "returned a result with an exception set".
    reason = error.__cause__ or error
    text = " ".join(str(reason).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
