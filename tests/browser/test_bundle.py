"""A joined script does in a browser what its modules do by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pages.ui.components.bundle import bundle

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

# Both rooms have a `secret`, a `count` and a `Shape`; `shared` is imported along two ways.
FILES = {
    "shared.js": "let calls = 0;\nexport function count() {\n  return ++calls;\n}\n",
    "one/a.js": """import { count } from "../shared.js";
const secret = "a";
class Shape {}
/**
 * import { nothing } from "nowhere";
 */
export const first = count();
export class Square extends Shape {
  get name() { return secret; }
}
export default function whole() { return `whole ${secret}`; }
""",
    "two/b.js": """import { default as whole, Square as Base } from "../one/a.js";
import { count } from "../shared.js";
import aside from "../one/a.js";
const secret = "b";
class Shape {}
export function* steps() { yield secret; yield whole(); yield aside(); }
export async function later() { return new Base().name + (new Base() instanceof Shape); }
export const second = count();
""",
    "main.js": """import { first, Square } from "./one/a.js";
import { later, second, steps } from "./two/b.js";
export const hidden = 1;
export default async function mount() {
  return [first, second, new Square().name, ...steps(), await later(), typeof secret];
}
""",
}
EXPECTED = [1, 2, "a", "b", "whole a", "whole a", "afalse", "undefined"]


def mounted(modules: Page, scripts: dict[str, str]) -> Any:
    def answer(route: Any) -> None:
        name = route.request.url.removeprefix("http://lens.test/bundle/")
        route.fulfill(body=scripts[name], content_type="text/javascript")

    modules.route("http://lens.test/bundle/**", answer)
    return modules.evaluate("async () => (await import('/bundle/main.js')).default()")


def test_modules_keep_their_names_apart_and_run_once(tmp_path: Path, modules: Page) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert mounted(modules, {"main.js": bundle(tmp_path, "main.js")}) == EXPECTED


def test_the_same_modules_do_the_same_unbundled(modules: Page) -> None:
    assert mounted(modules, FILES) == EXPECTED
