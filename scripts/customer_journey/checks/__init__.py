"""Expectation suites, which analysts edit, and their checks of landed and published tables by Great Expectations."""

from customer_journey.checks.expectations import run_expectations
from customer_journey.checks.result import CheckResult
from customer_journey.checks.suites import Layer, SuiteError

__all__ = ["CheckResult", "Layer", "SuiteError", "run_expectations"]
