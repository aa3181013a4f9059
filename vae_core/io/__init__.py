"""Files: atomic writes, and reads that are checked and bounded.

Nothing here can execute code on loading.
"""

from vae_core.io.reading import MAX_TEXT, parse_json, read_json, read_text, reading
from vae_core.io.tensors import (
    Shapes,
    TensorFile,
    TensorHeader,
    open_tensors,
    read_tensors,
    write_tensors,
)
from vae_core.io.writing import (
    clear_half_written,
    finite,
    json_line,
    remove,
    size_of,
    write_bytes,
    write_json,
    writing,
)

__all__ = [
    "MAX_TEXT",
    "Shapes",
    "TensorFile",
    "TensorHeader",
    "clear_half_written",
    "finite",
    "json_line",
    "open_tensors",
    "parse_json",
    "read_json",
    "read_tensors",
    "read_text",
    "reading",
    "remove",
    "size_of",
    "write_bytes",
    "write_json",
    "write_tensors",
    "writing",
]
