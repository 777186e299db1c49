"""Draws docs/images: ``python docs/make_images.py [FOLDER]``.

The pictures are those that `COMMAND` makes, which the pages show: whoever runs it gets the same ones.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

COMMAND = (
    "tinykit compare --edge mlperf:v1.3/NUCLEO_L4R5ZI-P/vww --cloud shared:a10 --network wifi,average"
    " --grid KR --supply primary:li --payload 3000 --events-per-day 1440 --report-share 0.01 -o first"
)


def draw(folder: Path) -> tuple[Path, ...]:
    """Run the command and leave its pictures in ``folder``, as comparison-NAME.png."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as work:
        words = [sys.executable, "-m", *shlex.split(COMMAND), "--quiet"]
        subprocess.run(words, cwd=work, check=True, stdout=subprocess.DEVNULL)
        plots = sorted(Path(work, "first", "plots").glob("*.png"))
        return tuple(Path(shutil.copy(path, folder / f"comparison-{path.name}")) for path in plots)


def main(args: Sequence[str]) -> int:
    """Draw into the folder that is named, or into docs/images."""
    draw(Path(args[0]) if args else Path(__file__).parent / "images")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
