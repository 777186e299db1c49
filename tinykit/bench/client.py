"""Starting the bench's process and hearing its answers."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from typing import Any

from tinykit import errors
from tinykit.bench.job import BenchJob, BenchResult
from tinykit.errors import DeviceError, MissingExtraError
from tinykit.progress import SILENT, Progress


def require_emulator() -> None:
    """Raise MissingExtraError where the extra ``emulator`` is not installed."""
    for module in ("unicorn", "capstone"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(f"The emulated board (the package {module})", "emulator")


def run_job(job: BenchJob, progress: Progress = SILENT) -> BenchResult:
    """Run ``job`` in a process of its own. The outputs are then in the job's ``output_path``.

    Raises MissingExtraError where the extra ``emulator`` is not installed; DeviceError with a code
    FIRMWARE_... where the firmware faults, BENCH_DIED where the process ends without an answer.
    """
    require_emulator()
    progress.start(f"Running {job.inferences} inferences, emulated", job.inferences)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "tinykit.bench"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        try:
            answer = _listen(process, job, progress)
        finally:
            process.kill()
            process.wait()
        if answer is None:
            complaints.seek(0)
            raise process_died(process.returncode, complaints.read())
    if "error" in answer:
        error = answer["error"]
        raise getattr(errors, error["kind"])(error["message"], hint=error["hint"], code=error["code"])
    result = BenchResult.from_dict(answer["result"])
    if result.hook == "python" and job.hook == "auto":
        progress.warn("BENCH_SLOW", f"Counting in Python, about six times slower: {result.hook_note}")
    progress.finish(f"{result.total_instructions:,} instructions in {result.seconds:.1f} s")
    return result


def _listen(process: subprocess.Popen[str], job: BenchJob, progress: Progress) -> dict[str, Any] | None:
    assert process.stdin is not None
    assert process.stdout is not None
    done = 0
    try:
        process.stdin.write(job.to_json() + "\n")
        process.stdin.close()
    except BrokenPipeError:  # it died at once: what it said is read by the caller
        return None
    for line in process.stdout:
        answer: dict[str, Any] = json.loads(line)
        if "done" not in answer:
            process.wait()
            return answer
        progress.advance(answer["done"] - done)
        done = answer["done"]
    process.wait()
    return None


def process_died(code: int, complaints: str) -> DeviceError:
    """The error for a process that ended with ``code``, having written ``complaints`` to stderr."""
    last = complaints.strip().splitlines()[-1:] or ["it said nothing"]
    return DeviceError(
        f"The emulated board's process ended with {code}: {last[0][:300]}",
        hint="this is a defect of tinykit or of unicorn: please report it with the model.",
        code="BENCH_DIED",
    )
