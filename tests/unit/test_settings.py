"""Settings of a raw folder: which values are allowed, and that others are refused in one line."""

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
    """Use the contract's default of `frameworks`, whatever this project sets."""
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
    """The primary framework is built even if `frameworks` does not name it."""
    assert built_frameworks(settings) == built


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"frameworks": ["aida", "adia"]}, ["frameworks", "'adia'", "aida, stdc"]),
        ({"frameworks": "aida"}, ["frameworks must be a list", "'aida'"]),
        ({"frameworks": [["aida"]]}, ["frameworks", "['aida']"]),
        ({"primary_framework": "adahub"}, ["primary_framework", "'adahub'"]),
    ],
)
def test_unknown_framework_is_told_in_one_line(given: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    """An unknown framework is refused in one line."""
    write_settings(tmp_path, given)
    with pytest.raises(InputError) as raised:
        read_settings(tmp_path, None, datetime.now(UTC))
    assert "\n" not in str(raised.value)
    for word in words:
        assert word in str(raised.value)


def test_every_setting_has_a_domain() -> None:
    """Every setting has a set of allowed values."""
    defaults = default_settings()
    assert set(settings_module.domains()) == set(defaults)
    assert [name for name in defaults if settings_module.problem_with(name, defaults[name], defaults)] == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("default_phone_country", "Vietnam"), ("default_phone_country", "vn"), ("default_phone_country", "ZZ"),
        ("reporting_currency", "usd"), ("reporting_currency", "U'D"), ("reporting_currency", "EURO"),
        ("reporting_timezone", "Hanoi"), ("reporting_timezone", "localtime"),
        ("currency_decimals", 5), ("currency_decimals", -1), ("currency_decimals", True),
        ("lapse_days", -1), ("lapse_days", 0), ("lapse_days", 10**12), ("lapse_days", 1.5), ("lapse_days", None),
        ("clv_discount_rate", 1.5), ("clv_discount_rate", -0.1), ("clv_discount_rate", float("nan")),
        ("clv_discount_rate", "10 %"), ("clv_discount_rate", True),
        ("clv_model", "pareto_nbd"), ("attribution_unit", "household"), ("attribution_path_restart", 1),
        ("w_shaped_anchors", "lead, oportunity"), ("w_shaped_anchors", ""),
        ("sql_stage", "'; drop table"), ("journey_goal", "nobody"), ("journey_map_attribution_model", "best"),
        ("sample_ratio_alarm", 0), ("sample_ratio_alarm", float("inf")), ("max_quarantined_share", 0),
        ("max_quarantined_share", 50), ("driver_landmark_days", 90), ("funnel_window_days", 7),
        ("earliest_date", "0001-01-01"), ("earliest_date", "1990"), ("earliest_date", "9999-12-31"),
        ("bot_user_agents", "("), ("bot_user_agents", "it's"), ("human_user_agents", "a\\b"),
        ("bot_user_agents", ""), ("bot_user_agents", "(bot)?"), ("bot_user_agents", "{{ bot }}"),
        ("as_of", "9999-12-31"), ("as_of", "1969-12-31"), ("as_of", 5),
    ],
)  # fmt: skip
def test_value_that_cannot_be_is_refused_in_one_line(setting: str, value: object, tmp_path: Path) -> None:
    """A value that is not allowed is refused in one line."""
    write_settings(tmp_path, {setting: value})
    with pytest.raises(InputError) as raised:
        read_settings(tmp_path, None, datetime(2026, 6, 30, tzinfo=UTC))
    assert "vars.yml" in str(raised.value)
    # the remaining number of days is reported under the setting that depends on it
    assert setting in str(raised.value) or setting == "funnel_window_days"
    assert len(str(raised.value).splitlines()) == 1


def test_a_nul_is_refused_with_its_line(tmp_path: Path) -> None:
    """YAML cannot be read with a NUL in it, so the line is named, not the setting."""
    write_settings(tmp_path, {"human_user_agents": "a\0b"})
    with pytest.raises(InputError, match=r"vars\.yml: not readable as YAML \(line 1, .*NUL"):
        read_settings(tmp_path, None, datetime(2026, 6, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("clv_discount_rate", 0.1), ("clv_discount_rate", 0), ("clv_discount_rate", 0.0), ("clv_discount_rate", 1),
        ("max_quarantined_share", 1), ("sample_ratio_alarm", 0.05), ("switch_days", 0), ("currency_decimals", 0),
        ("default_phone_country", "VN"), ("reporting_currency", "VND"), ("earliest_date", "1900-01-01"),
        ("w_shaped_anchors", "mql,  customer"), ("frameworks", None), ("as_of", None), ("lapse_days", 36500),
    ],
)  # fmt: skip
def test_value_that_can_be_is_taken(setting: str, value: object, tmp_path: Path) -> None:
    """Allowed values are accepted, such as a discount rate of 0.1."""
    write_settings(tmp_path, {setting: value})
    read = read_settings(tmp_path, None, datetime(2026, 6, 30, tzinfo=UTC))
    assert read[setting] == value or value is None


@pytest.mark.parametrize(
    "as_of",
    [
        "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2100-01-01", "1989-12-31T23:59:59", "99999-01-01",
        "2026-02-30", "", "now", "2026-06-30T25:00:00Z",
    ],
)  # fmt: skip
def test_as_of_outside_of_time_is_refused(as_of: str, tmp_path: Path) -> None:
    """An as-of outside the supported dates is refused."""
    with pytest.raises(InputError, match="--as-of"):
        read_settings(tmp_path, as_of, datetime.now(UTC))


def test_as_of_may_lie_at_both_ends(tmp_path: Path) -> None:
    """The first and last supported dates are accepted as as-of."""
    for as_of in ("1990-01-01", "2099-12-31T23:59:59Z", "2026-06-30T00:00:00+07:00"):
        assert read_settings(tmp_path, as_of, datetime.now(UTC))["as_of"]


def test_settings_that_are_a_folder(tmp_path: Path) -> None:
    """A folder with the name of the settings file is an error and not ignored."""
    (tmp_path / "vars.yml").mkdir()
    with pytest.raises(InputError, match="a folder"):
        read_settings(tmp_path, None, datetime.now(UTC))
