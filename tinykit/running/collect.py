"""Running many samples: in parts, with progress, and from where an earlier run broke off."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinykit.errors import InputError
from tinykit.progress import SILENT, Progress
from tinykit.running.inputs import Samples
from tinykit.running.outputs import write_arrays
from tinykit.running.result import Array, Counts, LayerCost
from tinykit.running.runner import Device, Inferred, Session

# What is lost at most when a run breaks off; an emulator starts anew for each part.
PART_BYTES = 4 << 20
_MOST_ROWS = 1024


@dataclass(frozen=True)
class Partial:
    """Where unfinished outputs are kept, and the hashes that must agree to go on with them."""

    path: Path
    model_sha256: str
    target_sha256: str
    input_sha256: str

    def load(self, outputs: int) -> tuple[Array, ...] | None:
        """The outputs so far, None where there are none.

        Raises InputError, code RESUME_OTHER, where they are of another model, target or data.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                for name in ("model_sha256", "target_sha256", "input_sha256"):
                    if str(file[name]) != getattr(self, name):
                        raise self._other(name.removesuffix("_sha256"))
                return tuple(file[f"output_{i}"] for i in range(outputs))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise self._other(f"sound file ({type(error).__name__})") from error

    def save(self, outputs: tuple[Array, ...]) -> None:
        """Keep what there is. Raises OutputError."""
        stamp = {
            name: np.array(getattr(self, name)) for name in ("model_sha256", "target_sha256", "input_sha256")
        }
        write_arrays({**{f"output_{i}": array for i, array in enumerate(outputs)}, **stamp}, self.path)

    def drop(self) -> None:
        """It is done."""
        self.path.unlink(missing_ok=True)

    def _other(self, what: str) -> InputError:
        return InputError(
            f"{self.path} is left from a run with another {what}, and cannot be gone on with.",
            hint="remove it to start over, or give the same model, target and data.",
            code="RESUME_OTHER",
        )


def target_sha256(device: Device) -> str:
    """What must be the same for outputs to belong together: the firmware, or the runtime, not the port."""
    facts = "|".join((device.board, device.firmware_sha256, device.model_sha256))
    if not device.firmware_sha256:
        facts += device.text
    return hashlib.sha256(facts.encode()).hexdigest()


def input_sha256(samples: Samples) -> str:
    """The hash of the stored values that go in."""
    whole = hashlib.sha256()
    for array in samples.arrays:
        whole.update(array.tobytes())
    return whole.hexdigest()


def collect(
    session: Session,
    samples: Samples,
    *,
    stateful: bool,
    partial: Partial | None = None,
    progress: Progress = SILENT,
) -> Inferred:
    """Run all ``samples`` in parts, from a fresh state; a stream in one piece, since it cannot be cut.

    With ``partial``, what came before a break is kept there, and gone on with. Raises what `Session.infer`
    and `Partial.load` raise.
    """
    total = len(samples)
    step = total if stateful else part_rows(session.device)
    if step >= total and partial is None:
        return session.infer(samples.arrays, progress)
    before = None if partial is None or stateful else partial.load(len(session.device.outputs))
    done = 0 if before is None else len(before[0])
    if done:
        progress.warn("RESUMED", f"{done:,} of {total:,} samples were run before the last break.")
    progress.start(f"Running {total} inferences on {session.device.ran_on}", total)
    progress.advance(done)
    outputs = before
    parts: list[tuple[int, Inferred]] = []
    quiet = _Counted(progress)
    for start in range(done, total, step):
        rows = tuple(array[start : start + step] for array in samples.arrays)
        part = session.infer(rows, quiet)
        parts.append((len(rows[0]), part))
        outputs = part.outputs if outputs is None else _joined(outputs, part.outputs)
        if partial is not None and not stateful and start + step < total:
            partial.save(outputs)
    progress.finish()
    assert outputs is not None
    return _merged(outputs, parts)


def part_rows(device: Device) -> int:
    """How many samples go at once."""
    if not device.capabilities.counts_instructions:
        return 16  # on a line, a part costs nothing
    row = sum(spec.size_bytes for spec in (*device.inputs, *device.outputs))
    return max(1, min(_MOST_ROWS, PART_BYTES // max(row, 1)))


class _Counted:
    """Lets a part count samples in the whole's stage."""

    def __init__(self, outer: Progress) -> None:
        self._outer = outer

    def start(self, stage: str, total: int | None = None) -> None:
        """The whole's stage stands."""

    def advance(self, steps: int = 1) -> None:
        self._outer.advance(steps)

    def finish(self, note: str = "") -> None:
        """The whole's stage goes on."""

    def warn(self, code: str, message: str, hint: str = "") -> None:
        self._outer.warn(code, message, hint)


def _joined(before: tuple[Array, ...], after: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(np.concatenate(pair) for pair in zip(before, after, strict=True))


def _merged(outputs: tuple[Array, ...], parts: list[tuple[int, Inferred]]) -> Inferred:
    """Counts of all parts in a row, layers as their mean; of what was run before a break nothing is known."""
    if not parts:
        return Inferred(outputs)
    last = parts[-1][1]
    counts = [part.counts for _, part in parts if part.counts is not None]
    return Inferred(
        outputs,
        _all_counts(counts) if counts else None,
        _mean_layers(parts),
        parts[0][1].first_s,
        last.transfer,
    )


def _all_counts(counts: list[Counts]) -> Counts:
    return replace(
        counts[-1],
        instructions=tuple(value for one in counts for value in one.instructions),
        cycles=tuple(value for one in counts for value in one.cycles),
        cycles_low=tuple(value for one in counts for value in one.cycles_low),
        cycles_high=tuple(value for one in counts for value in one.cycles_high),
        stack_bytes=max(one.stack_bytes for one in counts),
        emulated_instructions=sum(one.emulated_instructions for one in counts),
        emulation_s=sum(one.emulation_s for one in counts),
    )


def _mean_layers(parts: list[tuple[int, Inferred]]) -> tuple[LayerCost, ...]:
    total = sum(rows for rows, _ in parts)

    def mean(k: int, name: str) -> float:
        return float(sum(rows * (getattr(part.layers[k], name) or 0.0) for rows, part in parts)) / total

    return tuple(
        replace(layer, instructions=mean(k, "instructions"), cycles=mean(k, "cycles"))
        for k, layer in enumerate(parts[-1][1].layers)
    )
