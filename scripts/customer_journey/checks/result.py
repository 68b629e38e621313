"""What a check found, be it a dbt test or an expectation."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warn"]


@dataclass(frozen=True)
class CheckResult:
    """What one check found: a row of `audit_checks`."""

    name: str
    kind: Literal["dbt_test", "expectation"]
    target: str
    success: bool
    severity: Severity
    failed_rows: int | None
    seconds: float
    detail: str
