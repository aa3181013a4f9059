"""The package that pip builds, and the files that deploy the app: their paths, ports and names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import pytest
import yaml

import elbo_room
from tests.browser.server import free_port
from tests.samples import ROOT, until
from tests.zygote import Process

DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yml").read_text(encoding="utf-8"))
NGINX = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
SETTINGS = {  # that the code reads
    name
    for folder in ("vae_core", "pages")
    for path in (ROOT / folder).rglob("*.py")
    for name in re.findall(r"ELBO_ROOM_[A-Z_]+", path.read_text(encoding="utf-8"))
}


def image_environment() -> dict[str, str]:
    """What the image sets, but for the paths that only it has."""
    words = " ".join(re.findall(r"^ENV (.*)$", DOCKERFILE, re.MULTILINE))
    return dict(re.findall(r"(\w+)=(\S+)", words))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip fills it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_package_has_every_file_of_the_app_and_no_secret(installed: Path) -> None:
    def files(root: Path, *parts: str) -> set[str]:
        found = (path for part in parts for path in (root / part).rglob("*") if path.is_file())
        return {str(path.relative_to(root)) for path in found if "__pycache__" not in path.parts}

    inside = installed / "elbo_room"
    assert files(inside, "pages", "assets") == files(ROOT, "pages", "assets")
    assert files(installed, "vae_core") == files(ROOT, "vae_core")
    for name in ("app.py", ".streamlit/config.toml"):
        assert (inside / name).read_bytes() == (ROOT / name).read_bytes()
    assert not list(installed.rglob("secrets.toml"))


def test_the_package_asks_for_what_requirements_txt_pins(installed: Path) -> None:
    (metadata,) = installed.glob("*.dist-info/METADATA")
    asked = re.findall(r"^Requires-Dist: ([\w.-]+==[\w.]+)", metadata.read_text(), re.MULTILINE)
    for name in ("", "-cluster", "-docs", "-dev"):
        text = (ROOT / f"requirements{name}.txt").read_text(encoding="utf-8")
        assert set(re.findall(r"^[\w.-]+==[\w.]+", text, re.MULTILINE)) <= set(asked)


def test_the_installed_command_finds_lessons_and_models_from_any_folder(
    installed: Path, tmp_path: Path
) -> None:
    env = os.environ | {"PYTHONPATH": str(installed)}
    script = "import sys, elbo_room; print(elbo_room.app()); sys.exit(elbo_room.main())"
    command = [sys.executable, "-c", script, "lesson", "kl-sign"]
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    app, title = ended.stdout.splitlines()[:2]
    assert Path(app) == installed / "elbo_room" / "app.py"
    assert title.endswith("MNIST 2-D)")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["streamlit", "run", str(ROOT / "app.py")]),
        (["--server.port", "1"], ["streamlit", "run", str(ROOT / "app.py"), "--server.port", "1"]),
    ],
)
def test_the_command_starts_the_app_with_streamlits_settings(
    words: list[str], expected: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Left(Exception):
        pass

    def leave(_: str, command: list[str]) -> None:
        raise Left(command[1:])

    monkeypatch.setattr(os, "execv", leave)
    monkeypatch.delenv(elbo_room.RUNS)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Left) as left:
        elbo_room.main(words)
    assert left.value.args[0] == ["-m", *expected]
    assert Path(os.environ.pop(elbo_room.RUNS)) == tmp_path / "runs"


def test_with_words_the_command_is_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert elbo_room.main(["lesson", "there-is-none"]) == 2
    assert "there-is-none" in capsys.readouterr().err


def test_the_image_has_all_that_the_app_imports_and_nothing_is_misspelt() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(source.startswith(kept[1:].split("*")[0]) for kept in ignored if kept[0] == "!")
    imported = re.findall(r"^from (\w+)", (ROOT / "app.py").read_text(), re.MULTILINE)
    rooms = {name for name in imported if (ROOT / name).is_dir()}
    assert rooms | {"app.py", "assets", ".streamlit/config.toml"} <= set(copied)
    assert {name for name in image_environment() if name.startswith("ELBO_ROOM")} <= SETTINGS
    version = re.findall(r"^torch==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert re.findall(r"torch==(\S+)", DOCKERFILE) == version


def test_the_images_command_serves_and_its_health_check_asks_the_server(tmp_path: Path) -> None:
    """As the image runs it, but for its folders and its port."""
    settings = {
        name: value.replace("/runs", str(tmp_path)).replace("/tmp/", f"{tmp_path}/")
        for name, value in image_environment().items()
        if name != "PATH"
    }
    port = str(free_port())
    here = {"STREAMLIT_SERVER_PORT": port, "STREAMLIT_SERVER_ADDRESS": "127.0.0.1"}
    env = os.environ | settings | here
    check, run = (
        json.loads(words) for words in re.findall(r"CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    )
    assert run[:2] == ["python", "-m"]
    asked = [sys.executable, "-S", *check[1:]]

    def is_healthy() -> bool:
        return subprocess.run(asked, env=env, capture_output=True).returncode == 0

    assert not is_healthy()
    server = Process(*run[2:], cwd=ROOT, env=env, log=tmp_path / "log.txt")
    try:
        until(is_healthy, 60)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/kl") as answer:
            assert answer.status == 200
    finally:
        server.kill()
        server.wait()


def test_two_servers_of_the_compose_file_are_those_that_nginx_knows() -> None:
    services = COMPOSE["services"]
    ports = {services[name]["environment"]["STREAMLIT_SERVER_PORT"] for name in ("one", "two")}
    assert ports == set(re.findall(r"server 127\.0\.0\.1:(\d+);", NGINX))
    assert services["proxy"]["ports"] == [f"{listen}:{listen}" for listen in _listens()]
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / "deploy" / source).is_file()
        names = {name for name in service.get("environment", ()) if name.startswith("ELBO_ROOM")}
        assert names <= SETTINGS


def _listens() -> list[str]:
    return re.findall(r"listen (\d+);", NGINX)


def test_what_is_built_elsewhere_names_files_and_ports_that_exist() -> None:
    space = (ROOT / "deploy" / "huggingface" / "README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(space.split("---")[1])
    assert str(head["app_port"]) == image_environment()["STREAMLIT_SERVER_PORT"]
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(workflow)["jobs"]
    commands = [container["postCreateCommand"], container["postAttachCommand"]]
    commands += [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    for path in re.findall(r"(?<=-r )\S+|app\.py|\.ci/run", " ".join(commands)):
        assert (ROOT / path).is_file(), path
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest, newest = jobs["elsewhere"]["strategy"]["matrix"]["python"]
    assert project["requires-python"] == f">={oldest},<3.{int(newest.split('.')[1]) + 1}"
