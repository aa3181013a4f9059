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
    *("assets", "errors", "decimals", "config", "schedules", "settings", "sweep", "io"),
    *("data", "networks", "posteriors"),
    *("likelihoods", "priors", "label_input", "vae", "objective", "semi_supervised", "mistakes"),
    *("evaluate", "codes"),
    *("limits", "compression"),
    *("training_loss", "augmentation", "optimizer", "trainer", "runs", "jobs"),
    *("analysis", "lessons", "shelf", "comparison", "browser", "cli", "__main__"),
)
SIDE_BY_SIDE = {"data", "networks", "posteriors", "likelihoods"}


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Every module a file imports, anywhere in it, in full."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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


def wrong_arrows(graph: dict[str, set[str]]) -> list[str]:
    """Every import of vae_core that the house does not allow, as `module imports module`.

    Parameters
    ----------
    graph : mapping from a module's full name to the full names of all that it imports
    """
    return [
        f"{name} imports {other}"
        for name, others in graph.items()
        for other in sorted(others)
        if not is_allowed(name, other)
    ]


def is_allowed(name: str, other: str) -> bool:
    """Whether this module of vae_core may import that one, which need not be of vae_core."""
    root, own, there = other.split(".")[0], room(name), room(other)
    if root in {"streamlit", "pages", "app", "tests"}:
        return False
    if own == "figures":
        return root != "torch" and (root != "vae_core" or there == "figures")
    if root == "plotly":
        return False
    if root != "vae_core" or own in {"", there}:  # the package's front door opens every room
        return True
    if own not in ORDER or there not in ORDER[: ORDER.index(own)]:
        return False
    return not {own, there} <= SIDE_BY_SIDE


def test_rooms_import_only_those_before_them() -> None:
    assert wrong_arrows({module(path): imports(path) for path in CORE}) == []


def test_every_room_has_a_place_in_the_order() -> None:
    assert {room(module(path)) for path in CORE} - {"", "figures"} <= set(ORDER)


@pytest.mark.parametrize("own", ORDER)
def test_of_two_rooms_at_most_one_imports_the_other(own: str) -> None:
    for other in set(ORDER) - {own}:
        there = {f"vae_core.{own}.one": {f"vae_core.{other}.two"}}
        back = {f"vae_core.{other}.two": {f"vae_core.{own}.one"}}
        found = [*wrong_arrows(there), *wrong_arrows(back)]
        assert len(found) == (2 if {own, other} <= SIDE_BY_SIDE else 1), found


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("vae_core.runs.run", "vae_core.analysis.rate.rates"),
        ("vae_core.analysis.rate.rates", "vae_core.lessons.check"),
        ("vae_core.data.mnist", "vae_core.posteriors"),
        ("vae_core.analysis.rate.rates", "vae_core.figures.kl"),
        ("vae_core.figures.kl", "vae_core.analysis.rate.rates"),
        ("vae_core.figures.kl", "torch.nn"),
        ("vae_core.analysis.rate.rates", "plotly.graph_objects"),
        ("vae_core.codes", "streamlit"),
        ("vae_core.codes", "pages.ui.library.cached"),
        ("vae_core.attic.old", "vae_core.config"),
        ("vae_core.codes", "vae_core.attic.old"),
    ],
)
def test_an_arrow_back_is_found_among_those_that_may_be(name: str, other: str) -> None:
    fine = {"vae_core": {"vae_core.vae"}, "vae_core.codes": {"torch", "vae_core.config"}}
    assert wrong_arrows(fine) == []
    graph = fine | {name: fine.get(name, set()) | {other}}
    assert wrong_arrows(graph) == [f"{name} imports {other}"]


@pytest.mark.parametrize("path", [*CORE, *APP], ids=module)
def test_nothing_can_run_code_on_loading(path: Path) -> None:
    assert not roots(path) & {"pickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}
    calls = [
        node.func
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if hasattr(node, "func")
    ]
    names = {ast.unparse(call) for call in calls}
    assert not names & {"torch.load", "torch.save", "torch.jit.load", "eval", "exec"}
    assert "allow_pickle" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", APP, ids=module)
def test_app_trains_nothing_itself(path: Path) -> None:
    """Pages read state, call the core and draw; torch and safetensors stay in the core."""
    assert "safetensors" not in roots(path)


def test_slow_imports_wait_until_they_are_used() -> None:
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


def test_shape_checks_reach_every_module_with_shapes() -> None:
    """The modules named in pyproject.toml are those that annotate shapes, and no config."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    (flag,) = [o for o in options["addopts"] if o.startswith("--jaxtyping-packages=")]
    *checked, checker = flag.partition("=")[2].split(",")
    assert checker == "beartype.beartype"
    for shaped in (module(path) for path in CORE if "jaxtyping" in roots(path)):
        assert any(f"{shaped}.".startswith(f"{name}.") for name in checked), shaped
    assert "vae_core.config" not in checked
