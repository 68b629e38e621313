"""The settings of attribution: whether a conversion restarts a path, and whether paths are per person or company.

Mai buys twice, after a search and after an e-mail. Lan and Binh work for one company: Lan saw two ads, Binh came by
e-mail and social media and signs the deal. The deal of another company names no contact; the only known person there
came by an affiliate.
"""

from pathlib import Path

import duckdb
import pytest
from customer_journey.errors import InputError

from tests.support.builds import write_required_tables, write_rows, write_settings
from tests.support.models import build_models

Row = dict[str, object]
Credits = set[tuple[str, str, str, float]]

SETTINGS = {"as_of": "2026-06-30T00:00:00Z"}
CONTACTS = {"mai": "", "lan": "studio", "binh": "studio", "dung": "label"}
TOUCHES = [
    ("mai", "2026-03-01", "organic_search"),
    ("mai", "2026-03-03", "email"),
    ("lan", "2026-03-01", "display"),
    ("lan", "2026-03-02", "paid_social"),
    ("binh", "2026-03-03", "email"),
    ("binh", "2026-03-04", "organic_social"),
    ("dung", "2026-03-01", "affiliates"),
]
ORDERS = [("first", "2026-03-02", 100), ("second", "2026-03-04", 60)]
DEALS = [("signed", "binh", "studio", 80), ("nameless", "", "label", 50)]


# models that no setting of attribution changes
KNOWN = ("int_touchpoints", "fct_conversions", "dim_persons", "fct_stage_entries")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the raw rows, and a warehouse with all models that do not depend on settings of attribution."""
    folder = tmp_path_factory.mktemp("options")
    _write_company(folder / "raw")
    build_models(folder / "raw", folder / "out", KNOWN)
    return folder


def _write_company(raw: Path) -> None:
    write_settings(raw, SETTINGS)
    noon = "T12:00:00Z"
    contacts: list[Row] = [
        {"contact_id": name, "email": f"{name}@example.com", "company_id": company, "created_at": "2026-01-01"}
        for name, company in CONTACTS.items()
    ]
    meetings: list[Row] = [
        {
            "activity_id": f"{day}{name}",
            "contact_id": name,
            "activity_type": "meeting",
            "occurred_at": day + noon,
            "channel": channel,
        }
        for name, day, channel in TOUCHES
    ]
    orders: list[Row] = [
        {"order_id": order, "contact_id": "mai", "ordered_at": day + noon, "status": "paid", "total_amount": amount}
        for order, day, amount in ORDERS
    ]
    deals: list[Row] = [
        {
            "deal_id": deal,
            "contact_id": contact,
            "company_id": company,
            "amount": amount,
            "status": "won",
            "created_at": f"2026-03-05{noon}",
            "closed_at": f"2026-03-06{noon}",
        }
        for deal, contact, company, amount in DEALS
    ]
    write_rows(raw, "crm/contacts", contacts)
    write_rows(raw, "crm/activities", meetings)
    write_rows(raw, "orders/orders", orders)
    write_rows(raw, "crm/deals", deals)
    write_required_tables(raw)


def _credits(folder: Path, **settings: object) -> Credits:
    """Attribute with these settings; return sale, model, channel and revenue of each credit."""
    write_settings(folder / "raw", {**SETTINGS, **settings})
    warehouse = build_models(folder / "raw", folder / "out", ["fct_attribution"], known=KNOWN)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """
            select
                coalesce(conversions.order_id, conversions.company_id), attribution.attribution_model,
                attribution.channel, attribution.attributed_revenue::double
            from marts.fct_attribution as attribution
            inner join marts.fct_conversions as conversions using (conversion_id)
            where conversions.conversion_type in ('order', 'deal_won')
                and attribution.attribution_model in ('first_touch', 'linear')
            """
        ).fetchall()
    return set(rows)


def test_a_path_begins_anew_after_a_conversion_and_is_a_persons(folder: Path) -> None:
    """By default touches before the first order get no credit for the second, nor those of a colleague."""
    assert _credits(folder) == {
        ("first", "first_touch", "organic_search", 100),
        ("first", "linear", "organic_search", 100),
        ("second", "first_touch", "email", 60),
        ("second", "linear", "email", 60),
        ("studio", "first_touch", "email", 80),
        ("studio", "linear", "email", 40),
        ("studio", "linear", "organic_social", 40),
        ("label", "first_touch", "unattributed", 50),
        ("label", "linear", "unattributed", 50),
    }


def test_a_path_goes_on_and_is_a_companys(folder: Path) -> None:
    """With the other settings, touches of all staff of a company get credit, across conversions."""
    assert _credits(folder, attribution_path_restart=False, attribution_unit="company") == {
        ("first", "first_touch", "organic_search", 100),
        ("first", "linear", "organic_search", 100),
        ("second", "first_touch", "organic_search", 60),
        ("second", "linear", "organic_search", 30),
        ("second", "linear", "email", 30),
        ("studio", "first_touch", "display", 80),
        ("studio", "linear", "display", 20),
        ("studio", "linear", "paid_social", 20),
        ("studio", "linear", "email", 20),
        ("studio", "linear", "organic_social", 20),
        ("label", "first_touch", "affiliates", 50),
        ("label", "linear", "affiliates", 50),
    }


def test_an_unknown_unit_is_refused(folder: Path) -> None:
    """A misspelt unit is refused; otherwise it would silently be treated as person."""
    with pytest.raises(InputError, match="attribution_unit 'household' is not one of person, company"):
        _credits(folder, attribution_unit="household")
