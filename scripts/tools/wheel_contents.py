"""A build hook of hatchling: adds the dbt project to the wheel, so that an installed journey needs no checkout."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PROJECT = (
    "adapters",
    "docs",
    "examples/demo",
    "expectations",
    "macros",
    "models",
    "seeds",
    "tests/dbt",
    "dbt_project.yml",
    "profiles.yml",
    "pyproject.toml",
    "uv.lock",
)


class WheelContents(BuildHookInterface[Any]):
    """Copies the dbt project to `customer_journey/project`, where paths.py looks for it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the project, except to an editable installation, where the checkout has it beside the package."""
        if version != "editable":
            build_data["force_include"].update({name: f"customer_journey/project/{name}" for name in _PROJECT})
