"""Google's list of sources of the default channel group, as seeds/channel_sources.csv holds it.

Google publishes 819 names: 131 search, 590 social, 46 video and 52 shopping sources
(https://support.google.com/analytics/answer/9756891, the list of source categories linked there).
"""

import csv
from collections import Counter
from pathlib import Path

import duckdb
from onboarding.macros import Macros

SEED = Path(__file__).parents[2] / "seeds" / "channel_sources.csv"
with SEED.open(encoding="utf-8", newline="") as stream:
    SOURCES = list(csv.DictReader(stream))

# Google lists these as search engines, but a visit from web mail is no search
WEBMAIL = {"email.seznam.cz", "mail.google.com", "mail.rambler.ru", "mail.yandex.ru"}


def test_the_list_is_whole() -> None:
    """The list has all of Google's names, since visits of a missing one would become referrals."""
    listed = Counter(row["category"] for row in SOURCES if row["listed_by"] == "google")
    assert listed == {"search": 131 - len(WEBMAIL), "social": 590, "video": 46, "shopping": 52}
    assert {row["source_name"] for row in SOURCES if row["category"] == "email"} >= WEBMAIL


def test_names_are_written_as_sources_are_compared() -> None:
    """Names are in lower case and trimmed, as sources are compared."""
    for row in SOURCES:
        assert row["source_name"] == row["source_name"].strip().lower()
        assert row["site"]


def test_every_name_is_found_as_tag_and_as_referrer() -> None:
    """Every listed source is found, both as a UTM tag and as a referrer host."""
    macros = Macros("duckdb", ref=lambda name: name)
    sites = macros.render("{{ source_sites('origins') }}")
    host = macros.render("{{ url_host('referrer') }}")
    with duckdb.connect() as connection:
        connection.execute(f"create table channel_sources as from read_csv('{SEED}', header = true)")
        connection.execute(
            "create table expected as"
            f" select source_name, category, source_name as source from channel_sources union all"
            f" select source_name, category, {host} from (select *, 'https://' || source_name || '/' as referrer"
            " from channel_sources where contains(source_name, '.'))"
        )
        connection.execute("create table origins as select distinct source from expected")
        astray = connection.execute(
            f"select source_name, source, expected.category, found.category from expected"
            f" left join ({sites}) as found using (source) where found.category is distinct from expected.category"
        ).fetchall()
    assert astray == []
