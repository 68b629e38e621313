"""Checks that Great Expectations makes on landed and published tables, as suites that analysts edit."""

from customer_journey.checks.expectations import run_expectations
from customer_journey.checks.result import CheckResult
from customer_journey.checks.suites import Layer, SuiteError

__all__ = ["CheckResult", "Layer", "SuiteError", "run_expectations"]
