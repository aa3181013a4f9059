"""Own data sets: pictures of one's own as a data set, checked, previewed and kept.

A tree of files (tree) is read by its format (formats, a file for each), what comes out is made a
draft of one size (draft) that can be looked at (sheet), and kept under a name (shelf).
"""

from vae_core.data.own.draft import Draft, draft_of_path, draft_of_pictures, draft_of_uploads
from vae_core.data.own.options import COLOURS, FITS, Options
from vae_core.data.own.sheet import MAX_ROWS, row, sheet
from vae_core.data.own.shelf import (
    OwnSet,
    describe,
    find,
    folder,
    keep,
    read,
    remove,
    sets,
    version,
)

__all__ = [
    "COLOURS",
    "FITS",
    "MAX_ROWS",
    "Draft",
    "Options",
    "OwnSet",
    "describe",
    "draft_of_path",
    "draft_of_pictures",
    "draft_of_uploads",
    "find",
    "folder",
    "keep",
    "read",
    "remove",
    "row",
    "sets",
    "sheet",
    "version",
]
