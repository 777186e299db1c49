"""The one place where text from a model file may become part of a C name, and where C names are made.

A file's names are untrusted: ``"; system("x");//`` is a legal tensor name. What comes out of here is
made of ``a-z``, ``0-9`` and ``_`` only, begins with a letter, and is short.
"""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 40
# Words that a C or C++ compiler, or <stdint.h> and <string.h>, would object to.
# fmt: off
_RESERVED = frozenset({
    "alignas", "alignof", "and", "asm", "auto", "bool", "break", "case", "catch", "char", "class", "const",
    "constexpr", "continue", "default", "delete", "do", "double", "else", "enum", "explicit", "export",
    "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int", "long", "main", "memcpy",
    "memmove", "memset", "mutable", "namespace", "new", "not", "nullptr", "operator", "or", "private",
    "protected", "public", "register", "restrict", "return", "short", "signed", "sizeof", "static",
    "struct", "switch", "template", "this", "throw", "true", "try", "typedef", "typename", "union",
    "unsigned", "using", "virtual", "void", "volatile", "while", "xor",
})
# fmt: on


def identifier(text: str, fallback: str = "x") -> str:
    """A C identifier that resembles ``text``; ``fallback``, itself one, where nothing of it can be kept.

    Accents are dropped, runs of anything else become one ``_``. Different texts may give the same
    identifier: who needs them to differ adds a number (:func:`numbered`).
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "_", plain.lower())[:MAX_LENGTH].strip("_")
    if not word:
        return fallback
    if word[0].isdigit() or word in _RESERVED:
        word = f"{fallback}_{word}"
    return word


def numbered(prefix: str, index: int, text: str) -> str:
    """``layer_03_conv_2d``: unique by its number, readable by its text."""
    return f"{prefix}_{index:02d}_{identifier(text)}"


def comment(text: str, limit: int = 60) -> str:
    """``text`` as it may stand in a C comment or a CMake file: printable ASCII that cannot end the
    comment.
    """
    safe = re.sub(r"[^A-Za-z0-9 ._:,+-]", "?", text.replace("/", "."))
    return safe if len(safe) <= limit else f"{safe[: limit - 3]}..."
