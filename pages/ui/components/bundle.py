"""A bundle: a JavaScript module and all that it imports, as one script without imports.

Every module stands in a function of its own, after the modules that it imports, and returns its
exports; what a module does not export is seen by no other. Read are

    import { name, other as alias, default as alias } from "./relative/path.js";
    import alias from "./relative/path.js";
    export [default] [async] function, function* or class Name
    export const, let or var name = ...

each from the beginning of a line; anything else that begins with `import` or `export` is an
error, as are a path that leads nowhere, a name that is not exported, and modules that import
each other in a circle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

IMPORT = re.compile(r'^import (?:\{([^}]*)\}|(\w+)) from "([^"]+)";$', re.MULTILINE)
EXPORT = re.compile(
    r"^export (default )?(?=((?:async )?function\*?|class|const|let|var) (\w+))", re.MULTILINE
)
COMMENT = re.compile(r"^ */\*\*.*?\*/\n", re.MULTILINE | re.DOTALL)  # lines of their own
LEFT_OVER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


class BundleError(ValueError):
    """A module that cannot be joined with those that it imports."""


@dataclass(frozen=True)
class Module:
    """A module as it is read.

    Attributes
    ----------
    path : below the root, with / between its parts
    imports : for each module it imports, the names as they are exported and as they are here
    exports : names as they are exported and as they are here; "default" is one of them
    body : the source without imports, the word `export`, and comments that document
    """

    path: str
    imports: Mapping[str, list[tuple[str, str]]]
    exports: Mapping[str, str]
    body: str

    @property
    def variable(self) -> str:
        """The exports in the joined script. A module's own names contain no $."""
        return "$" + re.sub(r"\W", "_", self.path.removesuffix(".js"))

    def scope(self, modules: Mapping[str, Module]) -> str:
        """The module as one statement, which needs those of `modules` before it."""
        taken = "".join(
            f"const {{ {_pattern(names)} }} = {modules[path].variable};\n"
            for path, names in self.imports.items()
        )
        given = ", ".join(f"{name}: {here}" for name, here in self.exports.items())
        body = self.body.strip("\n")
        return f"const {self.variable} = (() => {{\n{taken}{body}\nreturn {{ {given} }};\n}})();\n"


def bundle(root: Path, entry: str) -> str:
    """One script of a module and all that it imports, with the module's default export.

    Parameters
    ----------
    root : Path
        The folder that all modules are in.
    entry : str
        The module's path below it.

    Raises
    ------
    BundleError
        When a module or a name is missing, modules import each other in a circle, or a line
        cannot be read.
    """
    modules = modules_of(root, entry)
    script = "\n".join(module.scope(modules) for module in modules.values())
    last = modules[entry]
    return f"{script}\nexport default {last.variable}.default;\n" if last.exports else script


def modules_of(root: Path, entry: str) -> dict[str, Module]:
    """The module and all that it imports by their paths, each after those it imports."""
    found = _Search(root)
    found.visit(entry)
    return found.modules


@dataclass
class _Search:
    """Depth first: a module is added when all that it imports has been."""

    root: Path
    modules: dict[str, Module] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def visit(self, path: str) -> None:
        if path in self.modules:
            return
        if path in self.open:
            circle = [*self.open[self.open.index(path) :], path]
            raise BundleError(f"modules import each other in a circle: {' -> '.join(circle)}")
        module = read(self.root, path, importer=self.open[-1] if self.open else None)
        self.open.append(path)
        for other, names in module.imports.items():
            self.visit(other)
            if missing := {name for name, _ in names} - self.modules[other].exports.keys():
                name = min(missing)
                known = ", ".join(self.modules[other].exports) or "nothing"
                raise BundleError(f"{path} imports {name} from {other}, which exports {known}")
        self.open.pop()
        self.modules[path] = module


def read(root: Path, path: str, importer: str | None = None) -> Module:
    """Read one module below the root."""
    file = root / path
    if not file.is_file():
        by = f"{importer} imports {path}: " if importer else ""
        raise BundleError(f"{by}there is no {path} in {root}")
    source = file.read_text(encoding="utf-8")
    imports: dict[str, list[tuple[str, str]]] = {}
    for names, default, address in IMPORT.findall(source):
        other = _resolved(root, path, address)
        pairs = _pairs(names) if names else [("default", default)]
        imports.setdefault(other, []).extend(pairs)
    exports = {"default" if default else name: name for default, _, name in EXPORT.findall(source)}
    body = EXPORT.sub("", IMPORT.sub("", COMMENT.sub("", source)))
    if line := LEFT_OVER.search(body):
        raise BundleError(f"{path}: a bundle cannot hold the line {line[0]!r}")
    return Module(path, imports, exports, body)


def _resolved(root: Path, importer: str, address: str) -> str:
    """The path below the root of a module that another one imports."""
    if not address.startswith(("./", "../")):
        raise BundleError(f"{importer} imports {address!r}: expected ./ or ../ and a path")
    path = (root / importer).parent.joinpath(address).resolve()
    if not path.is_relative_to(root.resolve()):
        raise BundleError(f"{importer} imports {address!r}, which is not in {root}")
    return path.relative_to(root.resolve()).as_posix()


def _pairs(names: str) -> Iterator[tuple[str, str]]:
    """Names between braces: each as it is exported, and as it is called here."""
    for part in names.split(","):
        if words := part.split():
            yield words[0], words[-1]


def _pattern(names: list[tuple[str, str]]) -> str:
    return ", ".join(name if name == here else f"{name}: {here}" for name, here in names)
