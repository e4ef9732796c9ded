"""What is wrong with a place, said so that the person who wrote the file can mend it.

Rule: nothing stops at the first mistake. Readers and rules report into one `Findings`; the caller decides at the end.
"""

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

NAMED_PER_FILE = 100
"""Mistakes named for one file; a slip in a column of 100,000 rows is not worth 100,000 lines."""

MORE = 5
"""Names listed in one message."""

SHOWN = 20
"""Mistakes in the text of the exception; all of them are in its `mistakes`."""


class Severity(StrEnum):
    """Whether the place can be used all the same."""

    ERROR = "error"
    WARNING = "warning"


class Mistake(Struct, frozen=True):
    """One thing to mend, and where."""

    file: str
    path: str
    """Inside the file: `plan[2].slot[0].needs`, or `line 5, lat` in a table; empty for the file as a whole."""
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Return `file: path: message`."""
        return ": ".join(part for part in (self.file, self.path, self.message) if part)


class PlaceRefused(ValueError):
    """The folder is not a usable place. `mistakes` names every reason."""

    def __init__(self, folder: Path, mistakes: Iterable[Mistake]) -> None:
        self.folder = folder
        self.mistakes = tuple(mistakes)
        lines = [f"  {mistake}" for mistake in self.mistakes[:SHOWN]]
        if len(self.mistakes) > SHOWN:
            lines.append(f"  and {len(self.mistakes) - SHOWN} more")
        super().__init__("\n".join([f"{folder} was refused:", *lines]))


class Findings:
    """Collects mistakes; keeps the first hundred of each file and counts the others."""

    def __init__(self) -> None:
        self._named: list[Mistake] = []
        self._counts: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()

    def error(self, file: str, path: str, message: str) -> None:
        """Report what makes the place unusable."""
        self._errors[file] += 1
        self._add(Mistake(file, path, message))

    def warning(self, file: str, path: str, message: str) -> None:
        """Report what is probably not meant."""
        self._add(Mistake(file, path, message, Severity.WARNING))

    def _add(self, mistake: Mistake) -> None:
        self._counts[mistake.file] += 1
        if self._counts[mistake.file] <= NAMED_PER_FILE:
            self._named.append(mistake)

    def errors(self, file: str | None = None) -> int:
        """Return the number of errors, in one file or in all."""
        return self._errors.total() if file is None else self._errors[file]

    def naming(self, file: str) -> bool:
        """Tell whether another mistake in the file would still be named: a costly hint may be left out."""
        return self._counts[file] < NAMED_PER_FILE

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """All that was reported, errors first, otherwise in the order it was found."""
        rest = []
        for file, count in self._counts.items():
            if count > NAMED_PER_FILE:
                severity = Severity.ERROR if self._errors[file] else Severity.WARNING
                rest.append(Mistake(file, "", f"and {count - NAMED_PER_FILE} more like these", severity))
        return tuple(sorted([*self._named, *rest], key=lambda mistake: mistake.severity))

    def refuse_errors(self, folder: Path) -> None:
        """Raise PlaceRefused with the errors, if there are any."""
        if self.errors():
            raise PlaceRefused(folder, (m for m in self.mistakes if m.severity is Severity.ERROR))


def like(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean "…"?)` for a near miss, otherwise nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""


def listed(names: list[int] | list[str]) -> str:
    """Return the first few, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:MORE])
    return shown + (f" and {len(names) - MORE} more" if len(names) > MORE else "")


def refused(folder: Path, file: str, message: str, path: str = "") -> PlaceRefused:
    """Return the refusal for one mistake."""
    return PlaceRefused(folder, [Mistake(file, path, message)])
