"""Bad input: what Hypothesis draws to spoil files, configs, arguments and addresses with."""

from __future__ import annotations

import copy
import json
import struct
from typing import Any

from hypothesis import strategies as st

TEXTS = (
    *(
        "",
        " ",
        "a",
        "ß字",
        "\u202e",
        "\x1b[31m",
        "a\nb",
        "../../x",
        "/etc/passwd",
        "<b>",
        "x" * 5000,
    ),
    *("![x](http://x/p.png)", "$x$", ":red[x]", "NaN", "-1", "1e400", "null", "\ud800", "\0"),
)
NUMBERS = (0, -1, 1, 2, 3, 7, 65, 1000, 4096, 2**31, 2**63, 10**30, 0.5, -0.0, 1e-300, 1e30, 1e308)


def texts() -> st.SearchStrategy[str]:
    """Text that somebody may have written, or nobody."""
    return st.one_of(st.sampled_from(TEXTS), st.text(max_size=12))


def leaves() -> st.SearchStrategy[Any]:
    """Values of JSON that hold no other, some beyond it."""
    odd = st.sampled_from([float("nan"), float("inf"), -float("inf")])
    plain = st.one_of(st.none(), st.booleans(), st.sampled_from(NUMBERS), st.integers(), texts())
    return st.one_of(plain, plain, st.floats(), odd)


def values() -> st.SearchStrategy[Any]:
    """Values of JSON: mostly small, some long or deep."""
    deep = st.sampled_from([_nested(40), _nested(900), [0] * 1000, {"a": {"b": []}}])
    small = st.recursive(
        leaves(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(), inner, max_size=4),
        max_leaves=6,
    )
    return st.one_of(small, small, small, deep)


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@st.composite
def spoiled(draw: st.DrawFn, whole: Any, changes: int = 3) -> Any:
    """A value of JSON in which up to so many places are replaced, dropped or added."""
    value = copy.deepcopy(whole)
    for _ in range(draw(st.integers(0, changes))):
        where: Any = value
        while isinstance(where, dict | list) and where:
            keys = list(where) if isinstance(where, dict) else list(range(len(where)))
            key = draw(st.sampled_from(keys))
            inner = where[key]
            if isinstance(inner, dict | list) and inner and draw(st.booleans()):
                where = inner
                continue
            deed = draw(st.sampled_from(["replace", "replace", "drop", "add"]))
            if deed == "replace":
                where[key] = draw(values())
            elif deed == "drop":
                del where[key]
            elif isinstance(where, dict):
                where[draw(texts())] = draw(values())
            else:
                where.append(draw(values()))
            break
    return value


def _flags(**choices: st.SearchStrategy[Any]) -> st.SearchStrategy[list[str]]:
    """Some of these flags, each with a value."""
    words = [
        st.just([]) | values.map(lambda v, name=name: [f"--{name.replace('_', '-')}", str(v)])
        for name, values in choices.items()
    ]
    return st.tuples(*words).map(lambda several: [word for some in several for word in some])


def _small(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


def right_commands(run: str, weights: str) -> st.SearchStrategy[list[str]]:
    """Commands that have nothing wrong with them. TO stands for a file that is not there yet.

    `run` is the folder of a finished run with a density, `weights` its weights file.
    """
    seed = st.sampled_from([0, 1, 2**31 - 1])
    widen = st.sampled_from([0.1, 0.8, 1.0, 1.5, 10])
    setting = _flags(
        posterior=st.sampled_from(["diagonal", "full", "full-correlation", "laplace", "delta"]),
        likelihood=st.sampled_from(
            ["bernoulli", "continuous-bernoulli", "gaussian", "discretised-logistic"]
        ),
        latent=st.sampled_from([1, 2, 5]), beta=st.sampled_from([0, 0.5, 4]), seed=seed,
        reduction=st.sampled_from(["sum/sum", "sum/mean", "mean/sum", "mean/mean"]),
        batch_size=_small(1, 30), warmup_epochs=_small(0, 2), free_bits=st.just(0.1),
        binarisation=st.sampled_from(["grey", "threshold", "dynamic", "static"]),
        validation=_small(0, 5), name=st.sampled_from(["a", "Ada (2)", "ß字", "x y"]),
    )  # fmt: skip
    sweeps = st.sampled_from([["beta", "1", "2"], ["latent", "2", "3"], ["seed", "0", "1"]])
    table, folder = st.sampled_from(["TO.csv", "TO.parquet"]), st.sampled_from(["TO.zip", "TO"])
    commands = {
        "list": st.just([]),
        "show": st.just([run]),
        "evaluate": _flags(samples=_small(1, 3), importance=_small(1, 9), widen=widen).map(
            lambda flags: [run, *flags]
        ),
        "measure": _flags(
            draws=_small(2, 40), seed=seed, split=st.sampled_from(["test", "train"])
        ).map(lambda flags: [run, *flags]),
        "project": _flags(
            method=st.just("pca"), of=st.sampled_from(["mean", "draw"]), seed=seed
        ).map(lambda flags: [run, *flags, "--to", "TO.safetensors"]),
        "export": st.tuples(table, _flags(bound=_small(1, 9), widen=widen)).map(
            lambda pair: [run, "--to", pair[0], *pair[1]]
        )
        | folder.map(lambda to: [run, "--to", to]),
        "import": _flags(name=st.sampled_from(["mine", "x y"])).map(
            lambda flags: [weights, *flags]
        ),
        "train": setting,
        "sweep": sweeps.map(lambda words: ["--over", words[0], "--values", *words[1:]]),
    }
    whole = st.one_of(
        [words.map(lambda w, name=name: [name, *w]) for name, words in commands.items()]
    )
    return st.tuples(whole, st.booleans()).map(lambda pair: pair[0] + ["--json"] * pair[1])


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes that are cut, flipped, doubled, or others."""
    deed = draw(st.sampled_from(["cut", "flip", "insert", "other", "empty", "whole"]))
    at = draw(st.integers(0, max(0, len(whole) - 1)))
    some = draw(st.binary(min_size=1, max_size=16))
    if deed == "cut":
        return whole[:at]
    if deed == "flip":
        return whole[:at] + some + whole[at + len(some) :]
    if deed == "insert":
        return whole[:at] + some + whole[at:]
    return {"other": some * draw(st.integers(1, 50)), "empty": b"", "whole": whole}[deed]


def dumped(value: Any) -> bytes:
    """JSON as a careless program writes it: NaN, halves of characters, and too deep."""
    try:
        return json.dumps(value).encode(errors="surrogatepass")
    except RecursionError:
        return b"[" * 50_000


@st.composite
def tensor_files(draw: st.DrawFn, whole: bytes) -> bytes:
    """A safetensors file whose header, text or bytes are spoiled."""
    if draw(st.integers(0, 3)) == 0:
        return draw(damaged(whole))
    end = 8 + int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8:end])
    texts_of = header.get("__metadata__", {})
    for name in texts_of:
        if name in ("config", "data") and draw(st.booleans()):
            texts_of[name] = dumped(draw(spoiled(json.loads(texts_of[name])))).decode(
                errors="replace"
            )
    if draw(st.booleans()):
        header = draw(spoiled(header, 2))
    words = dumped(header)
    length = draw(st.sampled_from([len(words)] * 6 + [0, 1, len(words) + 1, 2**40, 2**64 - 1]))
    return struct.pack("<Q", length) + words + whole[end:]
