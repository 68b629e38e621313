"""What was found out about a file, and how certain it is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A proposal about a file: the value, whether it is certain, and the evidence."""

    value: str
    is_sure: bool
    why: str
