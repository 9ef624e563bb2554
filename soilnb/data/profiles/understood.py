"""What was understood of a table of soil profiles: the record of it, and the one line about it."""

import json
import warnings
from dataclasses import dataclass, field

from soilnb.parameters import InputError


class ReadingWarning(UserWarning):
    """What was understood of a table beyond what it says."""


@dataclass
class Understood:
    """What was understood of a table: a line for each decision, and what was left out.

    `spare` are headings that are known under another name and were not asked for, by our name;
    `ignored` are those that nothing uses.
    """

    columns: dict[str, dict[str, object]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)
    spare: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    def say(self, source: str) -> None:
        """Show the notes as one line, once."""
        if self.notes:
            warnings.warn(f"{source}: {'; '.join(self.notes)}", ReadingWarning, stacklevel=4)

    def drop(self, why: str, count: int, *, said: bool = True) -> None:
        """Note how many layers are left out, and why."""
        if count:
            self.dropped[why] = self.dropped.get(why, 0) + int(count)
            if said:
                self.notes.append(f"{count} layer{'s' if count > 1 else ''} left out: {why}")

    def text(self) -> str:
        """Return the record as text, for the attributes of a Dataset."""
        record = {"columns": self.columns, "notes": self.notes, "dropped": self.dropped,
                  "ignored": self.ignored}  # fmt: skip
        return json.dumps(record, ensure_ascii=False)


def two_readings(name: str, why: str, *readings: str) -> InputError:
    """Return the error for a column that may be in two units or more."""
    texts = " or ".join(f"units={{{name!r}: {unit!r}}}" for unit in readings)
    return InputError(
        f"{name} may be in {' or in '.join(readings)} ({why}): {texts} settles it",
        {f"{name} in {unit}": {"units": {name: unit}} for unit in readings},
    )
