"""What is installed: pinned, with hashes, and with a licence that is listed."""

from __future__ import annotations

import re
import tomllib

from tests.samples import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", LOCK, re.MULTILINE)


def test_the_lock_file_has_every_pin_and_a_hash_for_every_package():
    asked = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;#\n]+)", asked, re.MULTILINE)
    assert len(pins) == sum(bool(line) and line[0] != "#" for line in asked.splitlines())
    assert set(pins) <= set(LOCKED)
    entries = re.split(r"^(?=[A-Za-z0-9_.-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) == len(LOCKED)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_every_package_is_in_the_list_of_licences():
    listed = (ROOT / "LICENSES.md").read_text(encoding="utf-8")
    names = {
        name
        for row in re.findall(r"\|([^|]*)\|$", listed, re.MULTILINE)
        for name in row.split(", ")
    }
    assert {name for name, _ in LOCKED} <= {name.strip() for name in names}


def test_the_project_has_a_licence_of_its_own_and_says_which():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert text.startswith("MIT License\n\nCopyright (c) 2026 The ELBO Room authors\n")
    assert project["license"] == "MIT"
    assert project["license-files"] == ["LICENSE"]
    assert "MIT, see [LICENSE](LICENSE)" in (ROOT / "README.md").read_text(encoding="utf-8")
