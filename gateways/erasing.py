"""Erasing lines of a log in their place: whoever appends to it, or moves it aside, meanwhile loses no line.

Rule: a line stays as long as it was. Every file is visited once, under whatever name it has by then.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

Bare = Callable[[bytes], bytes | None]
"""Returns what is to stand where a line stands, as long as it; None: the line stays as it is."""


def rewrite_lines(files: Callable[[], Iterable[Path]], bare: Bare) -> int:
    """Put what `bare` says over the lines of the files that there are; return of how many. Raises OSError."""
    seen: set[int] = set()
    rewritten = 0
    while fresh := [path for path in files() if _inode(path) not in {None, *seen}]:
        for path in fresh:
            try:
                handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                seen.add(os.fstat(handle).st_ino)
                rewritten += _rewrite(handle, bare)
            finally:
                os.close(handle)
    return rewritten


def fitted(told: dict[str, Any], line: bytes) -> bytes:
    """Return it as JSON, as long as the line; nothing but blanks where it is longer."""
    made = msgspec.json.encode(told)
    return made.ljust(len(line)) if len(made) <= len(line) else b" " * len(line)


def _rewrite(handle: int, bare: Bare) -> int:
    rewritten = start = 0
    # Read through the handle: the name may stand for another file by now.
    with open(handle, "rb", closefd=False) as file:
        lines = file.read().splitlines(keepends=True)
    for line in lines:
        text = line.rstrip(b"\n")
        instead = bare(text)
        if instead is not None:
            assert len(instead) == len(text), "a line stays as long as it was"
            os.pwrite(handle, instead, start)
            rewritten += 1
        start += len(line)
    if rewritten:
        os.fsync(handle)
    return rewritten


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
