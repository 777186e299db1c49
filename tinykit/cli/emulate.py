"""``tinykit emulate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinykit.cli.common import Output, common_options
from tinykit.errors import UsageError

ORDER = 58
_PATH = click.Path(path_type=Path)


@click.command(
    "emulate",
    short_help="Give other programs an emulated board, with a power meter if you like.",
    help="""Give other programs an emulated board on a port, with a power meter if you like.

    The board speaks over its serial line as a real one does: open the port with any program. The line is
    DIR/board, a link to a pseudo-terminal, or a TCP port. Once it is there, one line of JSON on stdout says
    so; faults of the firmware, and slip behind the clock, follow as further lines. It runs until Ctrl-C or
    SIGTERM, and takes its link away.

    At pace real, time passes as on the wall, and never faster; on a busy machine it slips, and a host that
    reads too slowly loses samples. At pace fast, it runs as fast as it can and waits for its host. With
    --model the firmware is built first; --energy makes its energy build: marker pulses in place of times, at
    the energy baud.

    With --meter, an emulated meter is on DIR/meter, on one clock with the board: it supplies the board, which
    is dead until a host switches the output on, and its digital input (D0 of the PPK2, D7 of the LPM01A) is
    wired to the marker pin. Its errors are drawn anew each time, from the distributions that
    DIR/emulator.json declares; the energy truly taken goes to --truth, one line of JSON a window. The pins
    that follow the marker's are wired to D1 to D7; --example phases shows codes there.""",
    epilog="Example: tinykit emulate --board virtual-m4 --model model.tflite --meter ppk2 --ports ports/",
)
@click.option("--board", metavar="BOARD", help="A board's name, or the .toml file of your own.")
@click.option("--firmware", type=_PATH, metavar="FILE.elf", help="The image to run.")
@click.option("--model", type=_PATH, metavar="MODEL.tflite", help="Build this model's firmware, and run it.")
@click.option("--example", metavar="NAME", help="Build a small application that needs no host: phases.")
@click.option("--energy", is_flag=True, help="With --model: the energy build; always so with --meter.")
@click.option(
    "--pace", type=click.Choice(["real", "fast"]), help="How time passes; else real, and fast with --meter."
)
@click.option("--ports", metavar="DIR|tcp:PORT", help="Where its port goes; tcp:0: any free one.")
@click.option("--meter", type=click.Choice(["ppk2", "lpm01a"]), help="A meter that supplies and watches it.")
@click.option(
    "--power",
    "powers",
    multiple=True,
    metavar="STATE=POWER",
    help="With --meter: as active=45mW; active, idle, sleep, uart.",
)
@click.option(
    "--errors", metavar="A,B", help="With --meter: what is wrong with it, or none; 'list' names all."
)
@click.option(
    "--faults", metavar="A,B", help="With --meter: what goes wrong, as brown-out; 'list' names all."
)
@click.option("--truth", type=_PATH, metavar="FILE", help="With --meter: the true energy of every window.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="With --meter: draw the same errors again.")
@common_options
def command(output: Output, firmware: Path | None, model: Path | None, energy: bool, **words: Any) -> None:
    """Serve until stopped."""
    from tinykit.cli.emulate_view import Serving, serve
    from tinykit.cli.emulated_rig import names_document, names_view, read_rig

    if "list" in (words["errors"], words["faults"]):
        output.emit(names_document(), lambda console: console.print(names_view()))
        return
    for name in ("board", "ports"):
        if words[name] is None:
            raise UsageError(f"Missing option '--{name}'.", hint="tinykit emulate --help shows an example.")
    rig = read_rig(
        **{key: words.pop(key) for key in ("meter", "powers", "errors", "faults", "truth", "seed")}
    )
    if sum(one is not None for one in (firmware, model, words["example"])) != 1:
        raise UsageError("What shall the board run?", hint="give one of --firmware, --model and --example.")
    if energy and model is None:
        raise UsageError(
            "An image is an energy build already, or it is not.",
            hint="give --energy with --model, or to tinykit build.",
        )
    words["pace"] = words["pace"] or ("real" if rig is None else "fast")
    serve(output, Serving(**words, firmware=firmware, model=model, energy=energy or rig is not None, rig=rig))
