"""The short cut around dbt's rendering of test arguments gives what dbt itself gives."""

import pytest
from customer_journey.transform import _PlainTexts
from dbt.clients import jinja

TEXTS = ("person_id", "1", "null", "'quoted'", "[1, 2]", "{'a': 1}", "True", "", " a ", "net_revenue >= 0", "a\nb", "é")


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_without_jinja_stays_as_it_is(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jinja, "_render_cache", {})
    rendered = jinja.get_rendered(text, {}, native=True)
    assert rendered == text
    assert _PlainTexts()[text] == rendered


def test_jinja_is_rendered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jinja, "_render_cache", _PlainTexts())
    assert jinja.get_rendered("{{ days }} days", {"days": 90}, native=True) == "90 days"
