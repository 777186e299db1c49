"""Draws the pictures of the pages: ``python docs/make_images.py [FOLDER [REPORT.html]]``.

Those in docs/images are what `COMMAND` makes, which the pages show: whoever runs it gets the same ones. Of a
report, such as the demo's, it photographs the first screen in Chromium, for docs/how-to/report.png.
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
    " --grid KR --supply primary:li --payload 3000 --events-per-day 1440 --report-share 0.01 -o comparison"
)
_SCREEN = (1200, 900)


def draw(folder: Path) -> tuple[Path, ...]:
    """Run the command and leave its pictures in ``folder``, as comparison-NAME.png."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as work:
        words = [sys.executable, "-m", *shlex.split(COMMAND), "--quiet"]
        subprocess.run(words, cwd=work, check=True, stdout=subprocess.DEVNULL)
        plots = sorted(Path(work, "comparison", "plots").glob("*.png"))
        return tuple(Path(shutil.copy(path, folder / f"comparison-{path.name}")) for path in plots)


def photograph(report: Path, picture: Path) -> Path:
    """The first screen of ``report``, as a reader with a screen of common width sees it."""
    from selenium import webdriver  # noqa: PLC0415 - pictures of comparisons need no browser
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for word in ("--headless=new", "--no-sandbox", "--hide-scrollbars", f"--window-size={_SCREEN[0]},1200"):
        options.add_argument(word)
    # Told where the driver is, selenium asks nobody for one.
    with webdriver.Chrome(options, Service(shutil.which("chromedriver"))) as driver:
        size = {"width": _SCREEN[0], "height": _SCREEN[1], "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get(report.resolve().as_uri())
        driver.save_screenshot(str(picture))
    return picture


def main(args: Sequence[str]) -> int:
    """Draw into the folder that is named, or into docs/images; photograph the report that is named."""
    here = Path(__file__).parent
    draw(Path(args[0]) if args else here / "images")
    if len(args) > 1:
        photograph(Path(args[1]), here / "how-to" / "report.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
