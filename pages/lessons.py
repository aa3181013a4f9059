"""Lessons: predict, do, reveal, explain, transfer; each begins with one click."""

from __future__ import annotations

from pages.ui.lesson import files, learn

learn.show(files.entries())
