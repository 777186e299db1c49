"""``tinykit session verify``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options
from tinykit.errors import GateError

ORDER = 30


@click.command(
    "verify",
    short_help="Check every file of a session against its hash.",
    help="""Check the size and the SHA-256 of every file of each session, and look for files that were added.

    Exit code 4 where something differs. Hashes find damage and careless edits; someone who writes all hashes
    anew goes unfound, unless you keep the manifest's own, which is printed.""",
    epilog="Example: tinykit session verify sessions/kws-1",
)
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER...")
@common_options
def command(output: Output, folders: tuple[Path, ...]) -> None:
    """Check, then show; a damaged session fails the command."""
    from tinykit.cli.session_view import verify_document, verify_view
    from tinykit.lab.manifest import manifest_sha256, verify

    output.progress.start("Hashing", len(folders))
    checked = []
    for folder in folders:
        checked.append((folder, manifest_sha256(folder), verify(folder)))
        output.progress.advance()
    output.progress.finish()
    output.emit(verify_document(checked), lambda console: console.print(verify_view(checked)))
    damaged = [folder.name for folder, _, damage in checked if damage]
    if damaged:
        raise GateError(
            f"Not what was written: {', '.join(damaged)}.",
            hint="take the folder from its backup; raw data that differ make every number of it void.",
            code="SESSION_DAMAGED",
        )
