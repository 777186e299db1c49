"""The fuzzer's corpus under gcc's sanitizers, and a fuzzer that finds what it is there for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from wire.fuzzing import CORPUS, VARIANTS, Variant, build_replay, write

MOST_CORPUS_BYTES = 200_000


def replay(program: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *sorted(CORPUS.iterdir())], capture_output=True, encoding="latin-1", timeout=120
    )


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda one: one.name)
def test_the_corpus_holds(variant: Variant, tmp_path: Path) -> None:
    done = replay(build_replay(tmp_path, write(variant, tmp_path)))
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) == len(list(CORPUS.iterdir())) > 20


def test_the_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in CORPUS.iterdir()) < MOST_CORPUS_BYTES


DEFECTS = {
    "one byte too many": ("buffer.c", "position < expected; word", "position <= expected; word"),
    "an oversize load": ("buffer.c", "fits ? (uint32_t)size : TK_DB_BYTES", "(uint32_t)size"),
    "a frame behind the end": ("upload.c", "&& payload <= up.size - up.position", ""),
    "a payload behind the end": ("upload.c", "&& index - HEAD_BYTES < up.size - up.position", ""),
    "no m-ready": ("serve.c", "carry_out();\n            tk_say(TK_M_READY);", "carry_out();"),
    "two of them": (
        "serve.c",
        "tk_say(TK_E_TOO_LONG);",
        "tk_say(TK_E_TOO_LONG);\n        tk_say(TK_M_READY);",
    ),
    "an undeclared line": ("serve.c", "tk_say(TK_M_NAME, TK_VENDOR);", 'tk_say("m-nane\\r\\n");'),
    "the line of another command": ("extension.c", "tk_say(TK_M_TK_STATE)", "tk_say(TK_M_TK_GO)"),
    "no end of silence": ("upload.c", "tk_timer_now() - heard > silence", "heard > 0 && silence == 0"),
    "a deaf inference": ("infer.c", "(int)TK_STOP) {", "(int)TK_TERMINATOR) {"),
    "a longer command cut short": ("words.c", "byte != '\\0' ? byte : TK_STOP", "byte"),
    "a host's own line": ("say.c", "*text >= ' ' && *text <= '~' ? *text : '?'", "*text"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFECTS)
def test_the_corpus_finds_a_defect(name: str, tmp_path: Path) -> None:
    file, right, wrong = DEFECTS[name]
    sources = write(VARIANTS[0], tmp_path)
    path = tmp_path / "firmware" / "wire" / file
    text = path.read_text()
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong))
    done = replay(build_replay(tmp_path, sources))
    assert done.returncode == 1, done.stdout
    assert "judge:" in done.stderr or "Sanitizer" in done.stderr or "runtime error" in done.stderr
