"""Walking the chain: every batch verified before it is handed out, and its end judged clean, torn or rotten.

A break in the chain is rot (JournalDamaged) if any of these says its record had been acknowledged: a later
segment (all before it was synced), the boundary file, or an intact commit frame behind the break whose
`synced_through` reaches it. Otherwise it is the torn end of an interrupted write. A batch is never skipped to
reach a later one.

A writer may be at work meanwhile. So the evidence is gathered first and the break looked at again afterwards:
what is still broken then, and was acknowledged before, is damage; everything else was a write in progress.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from engine.journal.boundary import Boundary, boundary_path, read_boundary
from engine.journal.disk import Disk
from engine.journal.errors import JournalDamaged, JournalGap
from engine.journal.frames import GENESIS, BadFrameError, Batch, Place
from engine.journal.port import Record
from engine.journal.segments import list_segments, segment_path, track_path
from engine.journal.tracks import TrackReader
from engine.journal.view import Beyond, View


class Tail(msgspec.Struct, frozen=True):
    """How the journal ends: `torn_bytes` behind `offset` of `segment` were never acknowledged."""

    segment: int
    offset: int
    torn_bytes: int
    reason: str

    @property
    def clean(self) -> bool:
        """Nothing was torn."""
        return self.torn_bytes == 0


class _Break(msgspec.Struct, frozen=True):
    file: Path
    bad: BadFrameError


class _Evidence(msgspec.Struct, frozen=True):
    later: int | None
    boundary: Boundary | None
    beyond: Beyond


def start_place(directory: Path, disk: Disk, from_seq: int) -> Place | None:
    """Give a place at or before `from_seq` from which to walk; None if the journal has no segment.

    Raises JournalGap if it begins later, JournalDamaged if segments are gone or no opening can be trusted.
    """
    boundary = read_boundary(directory, disk)
    segments = list_segments(directory)
    if not segments:
        _refuse_if_acknowledged(directory, boundary)
        return None
    for first in reversed([first for first in segments if first <= from_seq]):
        with View(directory, disk, first) as view:
            if (place := view.opening()) is not None:
                return place
    if segments[0] > from_seq:
        raise JournalGap(f"{directory}: record {from_seq} was asked for, but the journal begins with {segments[0]}")
    if segments[0] == 1:
        return Place(1, 0, 0, 0, GENESIS, 0)
    raise JournalDamaged(
        segment_path(directory, segments[0]),
        0,
        segments[0],
        "the opening frame is not valid",
        "The segments before it are gone",
    )


def _refuse_if_acknowledged(directory: Path, boundary: Boundary | None) -> None:
    if boundary is not None and boundary.seq > 0:
        evidence = f"The boundary file says that record {boundary.seq} was acknowledged"
        path = segment_path(directory, boundary.segment)
        raise JournalDamaged(path, 0, boundary.segment, "all segments are gone", evidence)


class Walk:
    """All batches after `place`, with their tracks if given their reader.

    When they end, `place` is the end of the last one and `tail` tells how it ends.
    """

    def __init__(self, directory: Path, disk: Disk, place: Place, tracks: TrackReader | None = None) -> None:
        self.place = place
        self.tail: Tail | None = None
        self.boundary: Boundary | None = None
        self.segments = 0
        self._directory = directory
        self._disk = disk
        self._tracks = tracks

    def batches(self) -> Iterator[Batch]:
        """Batch after batch. Call again to go on from where it ended. Raises JournalDamaged."""
        self.tail = None
        self.boundary = read_boundary(self._directory, self._disk)
        try:
            while self.tail is None:
                self.segments += 1
                with View(self._directory, self._disk, self.place.segment) as view:
                    yield from self._segment(view)
        finally:
            if self._tracks is not None:
                self._tracks.close()

    def _segment(self, view: View) -> Iterator[Batch]:
        while True:
            step = self._step(view)
            if isinstance(step, _Break):
                evidence = self._evidence(view)
                view.forget()
                step = self._step(view)
                if isinstance(step, _Break):
                    self._settle(view, step, evidence)
                    return
            self._compare(step.place)
            self.place = step.place
            yield step

    def _step(self, view: View) -> Batch | _Break:
        try:
            batch = view.batch(self.place)
        except BadFrameError as bad:
            return _Break(view.path, bad)
        if self._tracks is None or not batch.tracks:
            return batch
        try:
            return self._with_tracks(batch, self._tracks)
        except BadFrameError as bad:
            return _Break(track_path(self._directory, view.first_seq), bad)

    def _with_tracks(self, batch: Batch, tracks: TrackReader) -> Batch:
        records: list[Record] = list(batch.records)
        for index, ref in batch.tracks.items():
            track = tracks.load(batch.place.segment, records[index].seq, ref)
            records[index] = replace(records[index], track=track)
        return replace(batch, records=records)

    def _evidence(self, view: View) -> _Evidence:
        """Gather it; the boundary before the list of segments, or it could speak of one that came between."""
        boundary = read_boundary(self._directory, self._disk)
        beyond = view.beyond(self.place.offset)
        later = next((first for first in list_segments(self._directory) if first > view.first_seq), None)
        return _Evidence(later, boundary, beyond)

    def _settle(self, view: View, end: _Break, evidence: _Evidence) -> None:
        """Go on to the next segment, or set `tail`, or raise."""
        place, bad = self.place, end.bad
        if evidence.later == place.seq + 1 and not bad.foreign:
            self.place = replace(place, segment=evidence.later, offset=0, crc=0)
            return
        proof = self._proof(bad, evidence)
        if proof:
            raise JournalDamaged(end.file, bad.offset, bad.seq, bad.reason, proof)
        torn = evidence.beyond.data_end - place.offset
        self.tail = Tail(view.first_seq, place.offset, torn, bad.reason if torn else "")

    def _proof(self, bad: BadFrameError, evidence: _Evidence) -> str:
        """Say why a break here is damage; empty if nothing says so."""
        if evidence.later is not None:
            return f"A later segment begins with record {evidence.later}"
        if evidence.boundary is not None and evidence.boundary.seq > self.place.seq:
            return f"The boundary file says that record {evidence.boundary.seq} was acknowledged"
        if evidence.beyond.synced_through > self.place.seq:
            return f"A later commit says that record {evidence.beyond.synced_through} was on the disk"
        return "No interrupted write of this journal leaves such bytes" if bad.foreign else ""

    def _compare(self, place: Place) -> None:
        """Hold the chain against the head that the boundary file remembers."""
        boundary = self.boundary
        if boundary is not None and boundary.seq == place.seq and boundary.head != place.head:
            raise JournalDamaged(
                boundary_path(self._directory),
                0,
                place.seq,
                "it remembers another hash chain than the segments hold",
                "The files are of different journals",
            )
