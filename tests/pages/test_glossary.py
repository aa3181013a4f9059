"""The glossary: its terms, how they are found in texts, their drawings, and the page."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from pages.ui.components import words
from pages.ui.session.doors import DOORS
from pages.ui.words import marked
from pages.ui.words.shapes import DISTORTION, HEIGHT, INK, PRIOR, RATE, WIDTH
from pages.ui.words.terms import GROUPS, NO_TERM, TERMS, Term, forms
from tests.pages.app import assert_sound, lens_facts, open_page
from tests.samples import ROOT

every_term = pytest.mark.parametrize("term", TERMS, ids=lambda term: term.key)


@every_term
def test_a_term_has_one_short_text_a_formula_and_a_page(term: Term) -> None:
    assert term.group in GROUPS
    assert 40 < len(term.sentence) <= 160
    assert term.sentence.endswith(".")
    assert re.fullmatch(r"[a-z-]+", term.key)
    assert term.formula
    assert term.formula_text
    assert not re.search(r"[\\{}$_^]", term.formula_text), "LaTeX where none is read"
    assert term.formula.count("{") == term.formula.count("}")
    assert term.page in [door.url_path for door in DOORS]


@every_term
def test_every_way_to_write_a_term_is_found_as_that_term(term: Term) -> None:
    for form in forms(term):
        text = f"Here ({form}) is {form}, and “{form}”: {form}."
        assert marked.found_in(text) == [(form, term.key)] * 4


def test_no_two_terms_are_written_alike() -> None:
    written = [form for term in TERMS for form in forms(term)] + list(NO_TERM)
    assert len(set(written)) == len(written)
    for part in ("key", "title", "sentence", "drawing", "formula"):
        assert len({getattr(term, part) for term in TERMS}) == len(TERMS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The KL term (rate) and the rest.", ["rate", "rate"]),
        ("KL(q(z|x) ‖ p(z)), q(z) and q(z | y)",
         ["kl", "posterior", "prior", "aggregate-posterior", "class-posterior"]),
        ("The aggregate posterior, and posteriors", ["aggregate-posterior", "posterior"]),
        ("I(x; z) of x and z", ["mutual-information", "image", "latent-vector"]),
        ("negative ELBO, −ELBO, −log p(x)", ["elbo", "elbo", "evidence"]),
        ("The learning rate; a decoder with σ = 0.1; 2σ; σ²", ["decoder"]),
        ("28 × 28, z3, decode, cellar, 8-bit, first-rate, xz, εμ", []),
    ],
)  # fmt: skip
def test_the_longest_form_is_found_and_no_part_of_a_word(text: str, found: list[str]) -> None:
    assert [key for _, key in marked.found_in(text)] == found


@every_term
def test_a_drawing_is_a_picture_in_the_colours_of_the_page(term: Term) -> None:
    svg = ElementTree.fromstring(term.drawing)
    assert svg.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
    assert svg.get("aria-hidden") == "true"
    colours = {shape.get(part, "none") for shape in svg.iter() for part in ("fill", "stroke")}
    mixed = {f"color-mix(in srgb, {colour} 60%, {INK})" for colour in (PRIOR, RATE, DISTORTION)}
    assert colours <= {"none", INK, PRIOR, RATE, DISTORTION} | mixed
    for name, most in (("x", WIDTH), ("y", HEIGHT), ("cx", WIDTH), ("cy", HEIGHT)):
        at = [float(shape.get(name, 0.0)) for shape in svg.iter()]
        assert min(at) >= 0.0
        assert max(at) <= most
    for shape in svg.iter("path"):
        assert len(re.findall(r"[\d.]+", shape.get("d", ""))) >= 4


def test_the_area_of_the_drawing_of_the_kl_is_the_kl_of_its_bells() -> None:
    """p = N(50, 22), q = N(72, 11): log 2 + (1/4 + 1) / 2 - 1/2 by the closed form."""
    svg = ElementTree.fromstring(next(t for t in TERMS if t.key == "kl").drawing)
    area, _, _, q = (re.findall(r"([\d.]+) ([\d.]+)", p.get("d", "")) for p in svg.iter("path"))
    heights = [48.0 - float(y) for _, y in area[1:-1]]
    bell = [48.0 - float(y) for _, y in q]
    assert sum(heights) / sum(bell) == pytest.approx(0.6931 + 0.625 - 0.5, abs=0.02)


def test_what_the_page_is_told_is_json_and_small() -> None:
    facts = marked.facts()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["terms"].keys() == {term.key for term in TERMS}
    assert set(facts["forms"].values()) == {"", *facts["terms"]}
    assert len(json.dumps(facts, ensure_ascii=False)) < 60_000


def test_the_glossary_has_every_term_with_its_drawing_formula_and_page() -> None:
    app = open_page("glossary.py", word="kl")
    assert_sound(app)
    said = " ".join(m.value for m in app.markdown)
    for term in TERMS:
        assert term.drawing in said
        assert term.sentence in said
    assert [latex.value.strip("$\n ") for latex in app.latex] == [
        term.formula for group in GROUPS for term in TERMS if term.group == group
    ]
    links = [link.proto.label for link in app.get("page_link")]
    assert len(links) == len(TERMS) + 1  # and the next door
    assert "Shown on: KL" in links
    assert lens_facts(app, "words")["at"] == "kl"


def test_only_the_glossary_goes_to_the_entry_that_an_address_names() -> None:
    assert lens_facts(open_page("glossary.py", word="<b>"), "words")["at"] == ""
    assert lens_facts(open_page("kl.py", word="kl"), "words")["at"] == ""


def test_the_terms_are_a_file_with_its_content_in_the_address() -> None:
    address = words.address()
    assert re.fullmatch(r"lens/words-[0-9a-f]{16}/terms", address)
    assert words.address() == address


# Words that the pages do without: those of the field say it better.

INSTEAD = (
    "answers an image", "latent number", "decoder paints", "most informative first. ",
    "their sum\"", "bounds nothing", "what z says", "told apart", "the rest\"", "Every model is a",
    "well weighed",
    "ffective draws", "no MIG", "its ink", "does the ink", "cells paint", "turned so",
    "It stands for a decoder", "Asking every", "Moving every", "right less left", "Who is next",
    "Most informative", "Active: Var", "say something",
    "draws of z each", "1 draw each", "Draws from", "draws from one", "Prior draw", "Draws per",
    "draws k", "prior draws is", "prior draws,", "decoded draws of",
)  # fmt: skip
ROOMS = ("pages", "assets/components", "vae_core/figures")


def test_pages_say_it_in_the_words_of_the_field() -> None:
    files = [p for room in ROOMS for p in (ROOT / room).rglob("*") if p.suffix in (".py", ".js")]
    assert len(files) > 100
    found = {
        (path.name, phrase) for path in files for phrase in INSTEAD if phrase in path.read_text()
    }
    assert found == set()
