"""A component's modules as one script: found by their imports, each in a scope of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from pages.ui.components.atlas import ATLAS
from pages.ui.components.bell import BELL
from pages.ui.components.bundle import BundleError, bundle, modules_of
from pages.ui.components.class_drawing import GALLERY, PAD
from pages.ui.components.component import ASSETS, Component
from pages.ui.components.film import FILM
from pages.ui.components.follow import FOLLOW
from pages.ui.components.history import HISTORY
from pages.ui.components.lens import LENS
from pages.ui.components.lens_file import SCRIPT
from pages.ui.components.save import SAVE
from pages.ui.components.time_machine import TIMELINE
from pages.ui.components.training import TRAINING, WORKER
from pages.ui.components.training_file import SCRIPT as TRAINING_ALONE
from pages.ui.components.words import WORDS

COMPONENTS = [LENS, SAVE, TIMELINE, FILM, ATLAS, WORDS, HISTORY, BELL, TRAINING, FOLLOW]
COMPONENTS += [PAD, GALLERY]
MAX_LINES = 400
every_component = pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.name)


def written(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_every_module_is_part_of_a_component() -> None:
    entries = [component.entry for component in COMPONENTS]
    entries += [SCRIPT, TRAINING_ALONE, WORKER]
    used = {path for entry in entries for path in modules_of(ASSETS, entry)}
    assert used == {path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*.js")}


def test_every_style_sheet_is_part_of_a_component_or_of_the_page_that_stands_alone() -> None:
    used = {name for component in COMPONENTS for name in component.styles}
    used.add(SCRIPT.replace(".js", ".css"))
    assert used == {path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*.css")}


def test_modules_lie_in_rooms_and_are_short_enough_to_be_read() -> None:
    assert not list(ASSETS.glob("*.*"))
    for path in ASSETS.rglob("*.js"):
        assert len(path.read_text().splitlines()) <= MAX_LINES, path


@every_component
def test_every_module_comes_once_and_after_what_it_needs(component: Component) -> None:
    before: set[str] = set()
    for path, module in modules_of(ASSETS, component.entry).items():
        assert module.imports.keys() <= before, path
        assert path not in before
        before.add(path)
    assert path == component.entry


@every_component
def test_the_script_imports_nothing_and_exports_what_is_mounted(component: Component) -> None:
    script = component.script()
    assert not re.findall(r"^import\b.*", script, flags=re.M)
    (exported,) = re.findall(r"^export .*", script, flags=re.M)
    assert exported.startswith("export default $")
    assert "\n" in script  # without a line break Streamlit takes it for the name of a file


@every_component
def test_every_name_at_the_top_of_the_script_is_its_own(component: Component) -> None:
    names = re.findall(r"^const (\$\w+) = \(\(\) => \{$", component.script(), flags=re.M)
    assert len(names) == len(modules_of(ASSETS, component.entry))
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("entry", [SCRIPT, TRAINING_ALONE, WORKER])
def test_a_page_that_stands_alone_and_a_worker_have_a_script_without_exports(entry: str) -> None:
    script = bundle(ASSETS, entry)
    assert not re.findall(r"^(?:import|export)\b.*", script, flags=re.M)


def test_modules_are_found_from_room_to_room_and_sorted_by_their_imports(tmp_path: Path) -> None:
    files = {
        "lens/lens.js": 'import { b } from "../draw/b.js";\nimport { a } from "../math/a.js";\n'
        "export default function mount() {}\n",
        "draw/b.js": 'import {\n  a as other,\n} from "../math/a.js";\nexport const b = other;\n',
        "math/a.js": "export function a() {}\n",
        "math/unused.js": "export const c = 3;\n",
    }
    found = modules_of(written(tmp_path, files), "lens/lens.js")
    assert list(found) == ["math/a.js", "draw/b.js", "lens/lens.js"]
    assert found["draw/b.js"].imports == {"math/a.js": [("a", "other")]}


def test_documentation_stays_out_of_the_script(tmp_path: Path) -> None:
    text = '/** A room. */\n\n/**\n * Nothing.\n */\nexport const a = "/** kept */"; // kept, too\n'
    script = bundle(written(tmp_path, {"a.js": text}), "a.js")
    assert "room" not in script
    assert "Nothing" not in script
    assert 'const a = "/** kept */"; // kept, too' in script


def test_a_circle_of_imports_is_named(tmp_path: Path) -> None:
    files = {
        "main.js": 'import { a } from "./a.js";\nexport default function mount() {}\n',
        "a.js": 'import { b } from "./room/b.js";\nexport const a = 1;\n',
        "room/b.js": 'import { a } from "../a.js";\nexport const b = 1;\n',
    }
    with pytest.raises(BundleError, match=r"a\.js -> room/b\.js -> a\.js"):
        bundle(written(tmp_path, files), "main.js")


def test_a_module_that_is_missing_is_named_with_the_one_that_imports_it(tmp_path: Path) -> None:
    files = {"main.js": 'import { a } from "./room/a.js";\nexport default function mount() {}\n'}
    with pytest.raises(BundleError, match=r"main\.js imports room/a\.js: there is no room/a\.js"):
        bundle(written(tmp_path, files), "main.js")
    with pytest.raises(BundleError, match=r"there is no other\.js"):
        bundle(tmp_path, "other.js")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('import { a, gone } from "./a.js";', "gone"),
        ('import { hidden } from "./a.js";', "hidden"),
        ('import a from "./a.js";', "default"),
    ],
)
def test_a_name_that_is_not_exported_is_said(line: str, name: str, tmp_path: Path) -> None:
    files = {
        "main.js": f"{line}\nexport default function mount() {{}}\n",
        "a.js": "const hidden = 1;\nexport const a = hidden;\n",
    }
    with pytest.raises(BundleError, match=rf"main\.js imports {name} from a\.js, which exports a$"):
        bundle(written(tmp_path, files), "main.js")


@pytest.mark.parametrize(
    "line",
    [
        'import * as a from "./a.js";',
        'import "./a.js";',
        'import { a } from "./a.js"',
        'export { a } from "./a.js";',
        "export default 3;",
        "export default () => {};",
        "export const { a } = {};",
    ],
)
def test_a_line_that_cannot_be_joined_is_refused(line: str, tmp_path: Path) -> None:
    written(tmp_path, {"main.js": f"{line}\n", "a.js": "export const a = 1;\n"})
    with pytest.raises(BundleError, match=r"main\.js: a bundle cannot hold the line"):
        bundle(tmp_path, "main.js")


@pytest.mark.parametrize("address", ["lodash", "/a.js", "https://x.test/a.js", "../../a.js"])
def test_modules_of_other_places_are_refused(address: str, tmp_path: Path) -> None:
    written(tmp_path, {"room/main.js": f'import {{ a }} from "{address}";\n'})
    with pytest.raises(BundleError, match=re.escape(address)):
        bundle(tmp_path, "room/main.js")
