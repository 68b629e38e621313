"""The result of a check, either a dbt test or an expectation."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warn"]


@dataclass(frozen=True)
class CheckResult:
    """The result of one check: a row of `audit_checks`."""

    name: str
    kind: Literal["dbt_test", "expectation"]
    target: str
    success: bool
    severity: Severity
    failed_rows: int | None
    seconds: float
    detail: str
