"""Finds the codes of errors, warnings and notes in the source, with a message each: for `reference`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


def raised(package: Path) -> Mapping[str, tuple[str, str]]:
    """Return every literal error code in ``package``: code, (rooms, one message).

    That is what calls pass as ``code=``, functions have as their default of it, and error classes carry.
    """
    found: list[tuple[str, str, str]] = []
    for room, node in _nodes(package):
        if isinstance(node, ast.Call):
            message = next(filter(None, map(_template, node.args)), "")
            codes = [_literal(word.value) for word in node.keywords if word.arg == "code"]
        elif isinstance(node, ast.FunctionDef):
            message, codes = _hint(node), _default_codes(node.args)
        elif isinstance(node, ast.ClassDef):
            message = (
                (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ").replace("``", "`")
            )
            codes = [code for statement in node.body if (code := _class_code(statement))]
        else:
            continue
        found += [(room, code, message) for code in codes if code]
    return _uses(found)


def warned(package: Path) -> Mapping[str, tuple[str, str]]:
    """Return every literal code of ``.warn(code, ...)``, ``Finding``, ``Note`` and ``TraceWarning``."""
    return _uses(
        (room, code, next((text for argument in node.args[1:] if " " in (text := _template(argument))), ""))
        for room, node in _nodes(package)
        if isinstance(node, ast.Call) and _is_remark(node.func) and node.args
        if (code := _literal(node.args[0]))
    )


def _is_remark(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr == "warn"
    return isinstance(function, ast.Name) and function.id in ("Finding", "Note", "TraceWarning")


def _hint(function: ast.FunctionDef) -> str:
    """The first hint that is given inside: what a function that makes errors has in words of its own."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    hints = (_template(word.value) for call in calls for word in call.keywords if word.arg == "hint")
    return next(filter(None, hints), "")


def _default_codes(arguments: ast.arguments) -> list[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(positional[::-1], arguments.defaults[::-1], strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return [_literal(default) for argument, default in pairs if argument.arg == "code"]


def _class_code(statement: ast.stmt) -> str:
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return ""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    is_code = any(isinstance(target, ast.Name) and target.id == "code" for target in targets)
    return _literal(statement.value) if is_code else ""


def _literal(value: ast.expr | None) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _nodes(package: Path) -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield room, node


def _uses(found: Iterable[tuple[str, str, str]]) -> Mapping[str, tuple[str, str]]:
    rooms: dict[str, set[str]] = {}
    messages: dict[str, str] = {}
    for room, code, message in found:
        rooms.setdefault(code, set()).add(room)
        messages[code] = messages.get(code) or message
    return {code: (", ".join(sorted(where)), messages[code]) for code, where in rooms.items()}


def _template(message: ast.expr) -> str:
    """Return a message's text with "…" for what is filled in."""
    if isinstance(message, ast.Constant):
        return message.value if isinstance(message.value, str) else ""
    if isinstance(message, ast.JoinedStr):
        parts = (str(part.value) if isinstance(part, ast.Constant) else "…" for part in message.values)
        return re.sub("…+", "…", "".join(parts))
    if isinstance(message, ast.BinOp):
        return "".join(_template(part) or "…" for part in (message.left, message.right))
    return ""
