"""Who may import whom, read from the source: the house of the README."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from tests.samples import ROOT

CORE = sorted((ROOT / "vae_core").rglob("*.py"))
APP = sorted([*ROOT.glob("app.py"), *(ROOT / "pages").rglob("*.py")])

# Each room may import the rooms before it, and its own. `lessons` will stand behind analysis.
ORDER = (
    *("errors", "config", "settings", "sweep", "io", "data", "networks", "posteriors"),
    *("likelihoods", "vae", "objective", "evaluate", "codes", "trainer", "runs", "jobs"),
    *("analysis", "lessons", "comparison", "browser", "__main__"),
)
SIDE_BY_SIDE = {"data", "networks", "posteriors", "likelihoods"}


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Every module a file imports, anywhere in it, in full."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def room(name: str) -> str:
    """The part of vae_core that a module belongs to."""
    return [*name.split("."), ""][1]


@pytest.mark.parametrize("path", CORE, ids=module)
def test_core_never_imports_the_app(path):
    assert not roots(path) & {"streamlit", "pages", "app", "tests"}


@pytest.mark.parametrize("path", CORE, ids=module)
def test_plotly_is_in_figures_and_torch_is_not(path):
    if room(module(path)) == "figures":
        assert "torch" not in roots(path)
        inner = {room(name) for name in imports(path) if name.startswith("vae_core.")}
        assert inner <= {"figures"}
    else:
        assert "plotly" not in roots(path)


@pytest.mark.parametrize("path", CORE, ids=module)
def test_rooms_import_only_those_before_them(path):
    own = room(module(path))
    if own in {"", "figures"}:  # the package's front door; figures have a test of their own
        return
    assert own in ORDER, f"{own} has no place in the order yet"
    for name in imports(path):
        other = room(name) if name.startswith("vae_core.") else own
        assert other in ORDER[: ORDER.index(own) + 1], f"{module(path)} imports {name}"
        assert other == own or not {own, other} <= SIDE_BY_SIDE, f"{module(path)} imports {name}"


@pytest.mark.parametrize("path", [*CORE, *APP], ids=module)
def test_nothing_can_run_code_on_loading(path):
    assert not roots(path) & {"pickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if hasattr(node, "func")]
    names = {ast.unparse(call) for call in calls}
    assert not names & {"torch.load", "torch.save", "torch.jit.load", "eval", "exec"}
    assert "allow_pickle" not in path.read_text()


@pytest.mark.parametrize("path", APP, ids=module)
def test_app_trains_nothing_itself(path):
    """Pages read state, call the core and draw; torch and safetensors stay in the core."""
    assert "safetensors" not in roots(path)


def test_slow_imports_wait_until_they_are_used():
    """umap and sklearn cost seconds: never at the top of a module."""
    for path in CORE:
        top = [
            n
            for n in ast.parse(path.read_text()).body
            if isinstance(n, ast.Import | ast.ImportFrom)
        ]
        names = {alias.name for n in top for alias in n.names} | {
            getattr(n, "module", "") for n in top
        }
        assert not {str(name).split(".")[0] for name in names} & {"umap", "sklearn", "pooch"}, path


def test_shape_checks_reach_every_module_with_shapes():
    """The modules named in pyproject.toml are those that annotate shapes, and no config."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    (flag,) = [o for o in options["addopts"] if o.startswith("--jaxtyping-packages=")]
    *checked, checker = flag.partition("=")[2].split(",")
    assert checker == "beartype.beartype"
    for shaped in (module(path) for path in CORE if "jaxtyping" in roots(path)):
        assert any(f"{shaped}.".startswith(f"{name}.") for name in checked), shaped
    assert "vae_core.config" not in checked
