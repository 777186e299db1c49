import json
from pathlib import Path

from tinykit.boards.seen import Seen, read_evidence


def test_what_was_seen_comes_from_evidence(tmp_path: Path) -> None:
    ran_on = {"virtual-m4": 12, "qemu:virtual-m4": 3}
    document = {
        "schema": "tinykit.evidence",
        "commit": "abc",
        "date": "2026-01-02T03:04:05",
        "results": {"ran_on": ran_on},
    }
    (tmp_path / "exactness.json").write_text(json.dumps(document))
    found = read_evidence(tmp_path)
    assert found == (
        Seen("virtual-m4", 12, "exactness.json", "abc", "2026-01-02T03:04:05"),
        Seen("qemu:virtual-m4", 3, "exactness.json", "abc", "2026-01-02T03:04:05"),
    )
    assert {one.board for one in found} == {"virtual-m4"}
    assert all(one.simulated for one in found)


def test_files_that_say_nothing_of_boards_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"schema": "tinykit.evidence", "results": {"cases": 3}}')
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "odd.json").write_text('{"schema": "tinykit.evidence", "results": {"ran_on": 3}}')
    (tmp_path / "fake.json").write_text('{"schema": "x", "results": {"ran_on": {"virtual-m4": 3}}}')
    assert read_evidence(tmp_path) == ()
    assert read_evidence(tmp_path / "none") == ()
