"""Settings of a raw folder that name frameworks."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from customer_journey import settings as settings_module
from customer_journey.errors import InputError
from customer_journey.settings import built_frameworks, default_settings, known_frameworks, read_settings

from tests.support.builds import write_settings


@pytest.fixture(autouse=True)
def all_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the defaults be those of the contract, whatever this project's own say."""
    defaults = {**default_settings(), "frameworks": None, "primary_framework": "adahub_crm"}
    monkeypatch.setattr(settings_module, "default_settings", lambda: defaults)


@pytest.mark.parametrize(
    ("settings", "built"),
    [
        ({}, known_frameworks()),
        ({"frameworks": ["aida", "five_a"]}, ["adahub_crm", "five_a", "aida"]),
        ({"frameworks": []}, ["adahub_crm"]),
        ({"frameworks": ["aida"], "primary_framework": "stdc"}, ["aida", "stdc"]),
    ],
)
def test_primary_framework_is_always_built(settings: dict[str, Any], built: list[str]) -> None:
    """Marts of the primary framework would be empty where somebody forgot to name it twice."""
    assert built_frameworks(settings) == built


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"frameworks": ["aida", "adia"]}, ["frameworks", "'adia'", "aida, stdc"]),
        ({"frameworks": "aida"}, ["frameworks wants a list", "'aida'"]),
        ({"frameworks": [["aida"]]}, ["frameworks", "['aida']"]),
        ({"primary_framework": "adahub"}, ["primary_framework", "'adahub'"]),
    ],
)
def test_unknown_framework_is_told_in_one_line(given: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    """A slip of the pen would build a journey without the framework that somebody waits for."""
    write_settings(tmp_path, given)
    with pytest.raises(InputError) as raised:
        read_settings(tmp_path, None, datetime.now(UTC))
    assert "\n" not in str(raised.value)
    for word in words:
        assert word in str(raised.value)
