"""The paid campaigns that the company ran."""

from __future__ import annotations

from dataclasses import dataclass

from customer_journey.demo.world import DAYS


@dataclass(frozen=True)
class Campaign:
    """A paid campaign. An untagged one spends without UTM, so that `seeds/campaign_map.csv` has to name it."""

    key: str
    channel: str
    platform: str
    account_id: str
    campaign_id: str
    source: str
    medium: str
    cost_per_click: float
    click_rate: float
    weight: float
    currency: str = "VND"
    tagged: bool = True
    first_day: int = 0
    last_day: int = DAYS - 1
    click_id: str = ""
    referrer: str = ""
    mapped: bool = True


_GOOGLE = ("google_ads", "ga-481-220-9913")
_META = ("meta", "act_20250114")
_TIKTOK = ("tiktok", "tt-7741")
_G = {"currency": "USD", "referrer": "https://www.google.com/"}
_F = {"click_id": "fbclid=IwAR0gocheck", "referrer": "https://l.facebook.com/"}
_T = {"click_id": "ttclid=E.C.P.gocheck", "referrer": "https://www.tiktok.com/"}

CAMPAIGNS = (
    Campaign("brand_search", "paid_search", *_GOOGLE, "1001", "google", "cpc", 0.06, 0.12, 4, click_id="gclid=EAIaIQ-brand", **_G),
    Campaign("micro_khong_day", "paid_search", *_GOOGLE, "1002", "google", "cpc", 0.16, 0.05, 5, click_id="gclid=EAIaIQ-generic", **_G),
    Campaign("competitor_search", "paid_search", *_GOOGLE, "1003", "google", "CPC", 0.24, 0.03, 1.5, **_G),
    Campaign("bing_search", "paid_search", "microsoft_ads", "ms-55", "2001", "bing", "cpc", 0.09, 0.04, 0.8,
             currency="USD", click_id="msclkid=b1ng", referrer="https://www.bing.com/"),
    Campaign("shopping_micro", "paid_shopping", *_GOOGLE, "1101", "google", "cpc", 0.10, 0.02, 1, tagged=False, **_G),
    Campaign("cross-network_pmax", "cross_network", *_GOOGLE, "1201", "google", "cross-network", 0.12, 0.015, 1, tagged=False, **_G),
    Campaign("creator_story", "paid_social", *_META, "3001", "facebook", "paid_social", 2_100.0, 0.012, 5, **_F),
    Campaign("retargeting_cart", "paid_social", *_META, "3002", "facebook", "cpc", 2_900.0, 0.02, 3, tagged=False, **_F),
    Campaign("sale_11_11", "paid_social", *_META, "3003", "facebook", "paid_social", 1_900.0, 0.02, 6, first_day=296, last_day=320, **_F),
    Campaign("tet_2026", "paid_social", *_META, "3004", "instagram", "paid_social", 2_000.0, 0.018, 4, first_day=376, last_day=412, **_F),
    Campaign("tiktok_review_ads", "paid_social", *_TIKTOK, "4001", "tiktok", "cpc", 1_300.0, 0.016, 4, **_T),
    Campaign("youtube_bumper", "paid_video", *_GOOGLE, "1301", "youtube", "cpv", 0.04, 0.008, 1, currency="USD",
             referrer="https://www.youtube.com/"),
    Campaign("gdn_awareness", "display", *_GOOGLE, "1401", "google", "display", 0.03, 0.004, 2, currency="USD", tagged=False,
             referrer="https://tpc.googlesyndication.com/"),
    Campaign("adtima_banner", "display", "adtima", "zad-9", "5001", "adtima", "banner", 900.0, 0.003, 1),
    Campaign("accesstrade_creators", "affiliates", "accesstrade", "at-31", "6001", "accesstrade", "affiliate", 3_200.0, 0.05, 1),
    Campaign("podcast_sponsor", "audio", "spotify", "sp-1", "7001", "spotify", "audio", 2_500.0, 0.004, 1),
    Campaign("inhouse_ppc", "paid_other", "inhouse", "ih-1", "8001", "doitac_network", "ppc", 1_500.0, 0.01, 1),
    # Nobody ever came through this one, and no seed names it: spend without a channel.
    Campaign("billboard_test", "display", "ooh_partner", "ooh-2", "9001", "", "", 40_000.0, 0.0001, 0, tagged=False,
             first_day=150, last_day=180, mapped=False),
)
