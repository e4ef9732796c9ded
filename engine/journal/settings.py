"""Sizes and limits of the file journal. The defaults suit one city; tests use small ones."""

from typing import Annotated

import msgspec

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the journal uses its disk. Sizes are bytes."""

    segment_bytes: Positive = 64 << 20
    track_bytes: Positive = 256 << 20  # a track file this large asks for a new segment, so that it can expire
    track_step_bytes: Positive = 8 << 20  # track files are allocated in steps of this
    ballast_bytes: Annotated[int, msgspec.Meta(ge=0)] = 16 << 20  # given up when the disk is full
    batch_records: Positive = 512
    batch_bytes: Positive = 1 << 20
    waiting_records: Positive = 8192
    waiting_bytes: Positive = 64 << 20
    sync_interval_ms: Positive = 1000  # the longest that written records stay unsynced
    close_timeout_s: Positive = 30
    verify_all: bool = False  # walk every segment at opening, not only the last
