"""House rules that a parser can check, as functions over source text; test_architecture.py applies them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Lowest first: a room imports from its own line and from lines above it here, never from a line below.
LAYERS = (
    {"errors", "progress", "estimate", "resources", "config", "pretty", "data", "elf"},
    {"graph"},
    {"boards", "toolchain", "wire", "runtime", "datasets", "metrics"},
    {"compiler", "conversion"},
    {"bench"},
    {"running", "meters"},
    {"lab"},
    {"comparison"},
    {"reporting", "console", "doctor"},
    {"cli"},
    {"api"},
    # tinykit/__init__.py offers the rooms' functions; __main__ starts the command line.
    {"tinykit", "__main__"},
)
STRANGERS = ({"meters", "bench"},)
# TensorFlow lives in the converter's child process; loaders run there too, and are found by the parent.
SEALED = {
    "tensorflow": ("tinykit.conversion.child", "tinykit.conversion.loaders"),
    "keras": ("tinykit.conversion.child", "tinykit.conversion.loaders"),
    "unicorn": ("tinykit.bench",),
    "capstone": ("tinykit.bench",),
}
CHILD = "tinykit.conversion.child"
HEAVY = {
    "tensorflow",
    "keras",
    "ai_edge_litert",
    "tflite_runtime",
    "PIL",
    "matplotlib",
    "unicorn",
    "capstone",
    "serial",
    "jinja2",
    "sklearn",
    "scipy",
    "ziglang",
    "platformdirs",
}
NO_NUMPY = {"cli", "errors", "progress", "resources", "config", "console", "doctor", "tinykit", "__main__"}
CLI_MAY_IMPORT = {"click", "tinykit", "tinykit.errors", "tinykit.progress"}
MAY_DRAW = {"console", "cli", "reporting"}
OUTSIDE = {"tests", "firmware_models", "measurements", "pytest", "hypothesis"}
UNSAFE = {"pickle", "cPickle", "dill", "marshal", "shelve", "cloudpickle", "joblib"}
PRINTERS = {"print", "click.echo", "click.secho", "pprint.pprint", "sys.stdout.write", "sys.stderr.write"}
QUITTERS = {"sys.exit", "exit", "quit", "os._exit"}
MAX_LINES = 500


@dataclass(frozen=True)
class Import:
    """One imported module; ``at_top`` if importing the file imports it, ``typing_only`` if types need it."""

    module: str
    name: str
    line: int
    at_top: bool
    typing_only: bool


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def imports(module: str, source: str, *, is_package: bool = False) -> list[Import]:
    """Every import of a source, in functions too, relative ones resolved, import_module("...") included."""
    package = module if is_package else module.rpartition(".")[0]
    return list(_imports(ast.parse(source), package, at_top=True, typing_only=False))


def _imports(node: ast.AST, package: str, *, at_top: bool, typing_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, "", child.lineno, at_top, typing_only)
        elif isinstance(child, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - child.level + 1] if child.level else []
            target = ".".join([*base, *([child.module] if child.module else [])])
            for alias in child.names:
                yield Import(target, alias.name, child.lineno, at_top, typing_only)
        elif isinstance(child, ast.Call) and _dotted(child.func).endswith("import_module") and child.args:
            first = child.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield Import(first.value, "", child.lineno, at_top, typing_only)
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(child, ast.If) and _dotted(child.test).endswith("TYPE_CHECKING"):
            for statement in child.body:
                yield from _imports(ast.Module([statement], []), package, at_top=False, typing_only=True)
            continue
        yield from _imports(child, package, at_top=at_top and not inside, typing_only=typing_only)


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{_dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def _rooms_of(found: Import) -> set[str]:
    """The rooms of tinykit that an import reaches."""
    if found.module == "tinykit":
        known = set().union(*LAYERS) - {"tinykit"}
        # __version__ is a constant; any other name comes from the facade, which imports everything.
        return {found.name} if found.name in known else set() if found.name == "__version__" else {"tinykit"}
    return {room(found.module)} if found.module.startswith("tinykit.") else set()


def layer(name: str) -> int | None:
    return next((height for height, rooms in enumerate(LAYERS) if name in rooms), None)


def check_module(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """What a module breaks, one line each."""
    own = room(module)
    if layer(own) is None:
        return [f"{module}: room '{own}' is in no layer of arrow_rules.LAYERS"]
    found = imports(module, source, is_package=is_package)
    broken = [f"{module}:{line}: {what}" for one in found for line, what in _import_faults(own, module, one)]
    broken += [f"{module}:{line}: {what}" for line, what in _call_faults(own, module, ast.parse(source))]
    if source.count("\n") > MAX_LINES:
        broken.append(f"{module}: above {MAX_LINES} lines")
    return broken


def is_view(module: str) -> bool:
    """A file of cli/ with an underscore in its name draws for a command, and is loaded when it draws."""
    return room(module) == "cli" and "_" in module.rpartition(".")[2]


def within(module: str, *homes: str) -> bool:
    return any(f"{module}.".startswith(f"{home}.") for home in homes)


def _import_faults(own: str, module: str, found: Import) -> Iterator[tuple[int, str]]:
    yield from ((found.line, what) for what in _arrow_faults(own, found))
    yield from ((found.line, what) for what in _place_faults(own, module, found))
    top = found.module.split(".")[0]
    if top in OUTSIDE:
        yield found.line, f"the package imports {top}"
    if top in UNSAFE:
        yield found.line, f"{top} runs code from files"


def _arrow_faults(own: str, found: Import) -> Iterator[str]:
    for other in _rooms_of(found) - {own}:
        height, own_height = layer(other), layer(own)
        if height is None or own_height is None or height > own_height:
            yield f"the arrow {own} -> {other} points the wrong way"
        if any({own, other} == pair for pair in STRANGERS):
            yield f"{own} and {other} import nothing from each other"


def _place_faults(own: str, module: str, found: Import) -> Iterator[str]:
    top = found.module.split(".")[0]
    view = is_view(module)
    if not within(module, *SEALED.get(top, (module,))):
        yield f"only {' and '.join(SEALED[top])} import {top}"
    if within(found.module, CHILD) and not within(module, CHILD):
        yield f"{CHILD} runs in a process of its own"
    if top == "rich" and own not in MAY_DRAW:
        yield "the library does not draw"
    if not found.at_top:
        return
    if top in HEAVY and not within(module, CHILD):
        yield f"{top} is heavy: import it in a function"
    if top == "numpy" and own in NO_NUMPY and not view:
        yield "numpy is loaded here at import"
    if own == "cli" and not view and not _light(found):
        yield f"a command imports {found.module} at its top"


def _light(found: Import) -> bool:
    top = found.module.split(".")[0]
    own = found.module in CLI_MAY_IMPORT or found.module.startswith("tinykit.cli")
    return own or top == "click" or top in sys.stdlib_module_names


def _call_faults(own: str, module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _dotted(node.func)
            if name in PRINTERS and own != "console":
                yield node.lineno, f"{name} outside console.py"
            if any(word.arg == "allow_pickle" and not _is_false(word.value) for word in node.keywords):
                yield node.lineno, "allow_pickle"
    started = module.endswith(".__main__")
    for statement in tree.body:
        if isinstance(statement, ast.If) and _dotted_compare(statement.test) == "__name__":
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and not started:
            yield statement.lineno, f"importing calls {_dotted(statement.value.func)}"
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and _dotted(node.func) in QUITTERS and not started:
                yield node.lineno, f"{_dotted(node.func)} in the library"


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _dotted_compare(node: ast.expr) -> str:
    return _dotted(node.left) if isinstance(node, ast.Compare) else ""


def graph_of(sources: Mapping[str, tuple[str, bool]]) -> dict[str, set[str]]:
    """Which module imports which when it is imported; ``sources`` maps module to (text, is_package)."""
    graph: dict[str, set[str]] = {}
    for module, (source, is_package) in sources.items():
        reached = set()
        for found in imports(module, source, is_package=is_package):
            if found.at_top:
                submodule = f"{found.module}.{found.name}"
                reached.add(submodule if submodule in sources else found.module)
        graph[module] = {other for other in reached & sources.keys() if other != module}
    return graph


def rooms_graph(sources: Mapping[str, tuple[str, bool]]) -> dict[str, set[str]]:
    """Which room needs which, late imports included."""
    graph: dict[str, set[str]] = {}
    for module, (source, is_package) in sources.items():
        for found in imports(module, source, is_package=is_package):
            others = _rooms_of(found) - {room(module)}
            graph.setdefault(room(module), set()).update(others)
    return graph


def find_cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """One cycle of a graph, or an empty list."""
    finished: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in finished:
            return []
        for other in sorted(graph.get(node, ())):
            if cycle := visit(other, [*path, node]):
                return cycle
        finished.add(node)
        return []

    return next((cycle for node in sorted(graph) if (cycle := visit(node, []))), [])
