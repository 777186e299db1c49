"""``tinykit session``: all that is done with a session's folder."""

from __future__ import annotations

from tinykit.cli.subcommands import SubCommands

ORDER = 62

command = SubCommands(
    "session",
    "tinykit.cli.session_commands",
    short_help="Check, show, compare and export sessions, or import one.",
    help="""List sessions, check and show them, analyse them again, compare, plot and export them; import a
    recording of another program; recover a session that was cut off.

    A session is a folder: raw data, results, and session.json, written last, with the hash of every file.
    What was changed since is refused.""",
    epilog="Example: tinykit session list",
)
