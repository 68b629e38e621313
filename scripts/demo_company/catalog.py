"""What the company sells, and the pages of its site."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_company.columns import Floats

SITE = "https://gocheck.vn"


@dataclass(frozen=True)
class Product:
    """A product with its list price and cost in VND; the cost is missing where the company never entered one."""

    product_id: str
    name: str
    slug: str
    category: str
    price: int
    cost: int | None


def _product(number: int, name: str, category: str, price: int, cost: int | None) -> Product:
    slug = name.lower().replace(" ", "-")
    return Product(f"GM-{number:03d}", name, slug, category, price, cost)


PRODUCTS = (
    _product(1, "Gocheck Air Mini", "wireless", 590_000, 310_000),
    _product(2, "Gocheck Air", "wireless", 890_000, 460_000),
    _product(3, "Gocheck Air Duo", "wireless", 1_390_000, 700_000),
    _product(4, "Gocheck Air Pro", "wireless", 1_990_000, 980_000),
    _product(5, "Gocheck Outdoor", "wireless", 2_490_000, 1_200_000),
    _product(6, "Gocheck Outdoor Max", "wireless", 3_290_000, 1_580_000),
    _product(7, "Gocheck Clip", "lavalier", 290_000, 140_000),
    _product(8, "Gocheck Clip Plus", "lavalier", 450_000, 220_000),
    _product(9, "Gocheck Pod 1", "usb", 990_000, 520_000),
    _product(10, "Gocheck Pod 2", "usb", 1_690_000, 860_000),
    _product(11, "Gocheck Pod Studio", "usb", 2_790_000, 1_400_000),
    _product(12, "Gocheck Voice XLR", "studio", 3_590_000, 1_800_000),
    _product(13, "Gocheck Voice XLR Pro", "studio", 5_490_000, 2_750_000),
    _product(14, "Gocheck Broadcast", "studio", 7_900_000, 4_050_000),
    _product(15, "Gocheck Mixer 4", "studio", 4_290_000, None),
    _product(16, "Gocheck Stage", "karaoke", 1_290_000, 640_000),
    _product(17, "Gocheck Stage Duo", "karaoke", 2_190_000, 1_050_000),
    _product(18, "Gocheck Windshield", "accessory", 120_000, 35_000),
    _product(19, "Gocheck Boom Arm", "accessory", 390_000, 190_000),
    _product(20, "Gocheck Type-C Adapter", "accessory", 150_000, 60_000),
    _product(21, "Gocheck Carry Case", "accessory", 220_000, None),
    _product(22, "Gocheck Pop Filter", "accessory", 90_000, 30_000),
)
PRICES = np.array([product.price for product in PRODUCTS], dtype=np.float64)
COSTS = np.array([np.nan if product.cost is None else product.cost for product in PRODUCTS])
ACCESSORIES = tuple(i for i, product in enumerate(PRODUCTS) if product.category == "accessory")
MICROPHONES = tuple(i for i in np.argsort(PRICES).tolist() if PRODUCTS[i].category != "accessory")


@dataclass(frozen=True)
class Page:
    """A page of the site. `interest` is its weight in each phase of the visitor: early, comparing, studio, support."""

    path: str
    group: str
    interest: tuple[float, float, float, float]
    product: int = -1


def _pages() -> tuple[Page, ...]:
    blog = (
        "chon-micro-ngoai-troi",
        "khu-tieng-on-la-gi",
        "micro-cho-tiktoker",
        "thu-am-podcast-tai-nha",
        "lavalier-hay-cam-tay",
        "5-loi-thu-am",
        "micro-day-hoc-online",
        "phong-thu-mini",
        "livestream-ban-hang",
        "lich-su-micro",
    )
    video = (
        "thu-am-cong-vien",
        "so-tieng-on-xe-may",
        "mo-hop-air-pro",
        "vlog-mua-mua",
        "podcast-2-nguoi",
        "hat-live",
        "meo-gan-clip",
        "test-gio-bien",
        "ket-noi-type-c",
        "hau-truong-studio",
    )
    support = ("ket-noi-dien-thoai", "bao-hanh", "cap-nhat-firmware", "doi-tra", "tai-lieu")
    return (
        Page("/", "home", (14, 6, 8, 3)),
        *(Page(f"/blog/{slug}", "blog", (5, 0.6, 1.5, 0.2)) for slug in blog),
        *(Page(f"/video/{slug}", "video", (2.5, 1, 0.3, 0.3)) for slug in video),
        *(
            Page(f"/so-sanh/{slug}", "comparison", (0.3, 4, 1, 0))
            for slug in ("air-vs-air-pro", "usb-hay-xlr", "gocheck-va-doi-thu")
        ),
        *(Page(f"/danh-gia/{slug}", "reviews", (0.6, 4, 0.6, 0)) for slug in ("nguoi-dung", "tiktoker", "chuyen-gia")),
        Page("/bang-xep-hang/micro-2025", "ranking", (1, 4, 0.3, 0)),
        *(Page(f"/danh-muc/{slug}", "category", (2, 3, 1, 0.2)) for slug in ("khong-day", "studio", "phu-kien")),
        Page("/cua-hang", "store_locator", (0.4, 2.5, 0.2, 0.5)),
        Page("/studio", "studio", (0.3, 0.2, 12, 0.5)),
        Page("/studio/bang-gia", "pricing", (0, 0.1, 10, 0.5)),
        Page("/studio/khach-hang", "case_study", (0.1, 0.1, 7, 0)),
        *(Page(f"/ho-tro/{slug}", "support", (0.1, 0.2, 0.2, 8)) for slug in support),
        Page("/tai-khoan", "account", (0, 0.5, 0.5, 9)),
        Page("/tim-kiem", "search", (2, 3, 1, 2)),
        *(Page(f"/san-pham/{p.slug}", "product", (1.4, 3.2, 0.6, 0.4), i) for i, p in enumerate(PRODUCTS)),
        Page("/dang-ky", "signup", (0, 0, 0, 0)),
        Page("/studio/dang-ky-demo", "demo", (0, 0, 0, 0)),
        Page("/gio-hang", "cart", (0, 0, 0, 0)),
        Page("/thanh-toan", "checkout", (0, 0, 0, 0)),
        Page("/cam-on", "thank_you", (0, 0, 0, 0)),
    )


PAGES = _pages()
PAGE = {page.path: number for number, page in enumerate(PAGES)}
PAGE_GROUPS = tuple(page.group for page in PAGES)
PAGE_PRODUCT = np.array([page.product for page in PAGES], dtype=np.int64)
PRODUCT_PAGE = np.array([PAGE[f"/san-pham/{product.slug}"] for product in PRODUCTS], dtype=np.int64)
INTEREST: Floats = np.array([page.interest for page in PAGES], dtype=np.float64).T
EARLY, COMPARING, STUDIO, SUPPORT = range(4)
