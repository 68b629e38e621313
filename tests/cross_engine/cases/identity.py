"""Cases of keys and identifiers: e-mails, phones and ids, and how published texts are masked."""

import hashlib

from tests.cross_engine.cases.case import Cases, nothing, wide
from tests.cross_engine.conftest import HASH_KEY


def sha256(*parts: str) -> str:
    return hashlib.sha256("|".join((HASH_KEY, *parts)).encode()).hexdigest()[:32]


CASES: dict[str, Cases] = {
    "keyed_hash": Cases(
        "{{ keyed_hash([\"'person'\", 'x', 'y']) }}",
        {
            ("a", "b"): sha256("person", "a", "b"),
            (None, "b"): sha256("person", "", "b"),
            ("", "b"): sha256("person", "", "b"),
            ("Đặng Thị Ế", "it's \\ 😀"): sha256("person", "Đặng Thị Ế", "it's \\ 😀"),
        },
    ),
    "keyed_hash of typed parts": Cases(
        "{{ keyed_hash(['cast(x as timestamp)', 'cast(y as bigint)']) }}",
        {
            ("2026-01-01 10:00:00", "7"): sha256("2026-01-01 10:00:00", "7"),
            ("1899-12-31 23:59:59.5", None): sha256("1899-12-31 23:59:59.5", ""),
        },
    ),
    "hex_to_bigint": Cases("{{ hex_to_bigint('x') }}", {"0": "0", "00ff": "255", "f" * 15: str(2**60 - 1), None: None}),
    # 60 bits, so the greatest number is 2^60 - 1
    "key_of": Cases(
        "{{ key_of('x') }}",
        {
            "unknown": "0",
            "000000000000001fffffffffffffffff": "1",
            "0123456789abcdef0123456789abcdef": str(0x0123456789ABCDE),
            "ffffffffffffffffffffffffffffffff": str(2**60 - 1),
            None: None,
        },
    ),
    # the first twelve digits of md5, by Python
    "hash_number": Cases(
        "{{ hash_number('x') }}",
        {text: str(int(hashlib.md5(text.encode()).hexdigest()[:12], 16)) for text in ("", "all|1|2", "Đặng Thị Ế")}
        | {None: None},
    ),
    "normalize_email": Cases(
        "{{ normalize_email('x') }}",
        nothing(
            "l***@shop.vn|xxx@shop.vn|XX@shop.vn|nguyenxxx@gmail.com|lan@xxxx.com|lan...@gmail.com|lan…@gmail.com",
            "l•••@shop.vn",
            "lan####@gmail.com|a b@c.d|a@b|@b.c|a@|lan@shop..vn|a@x.vn; b@x.vn|không có",
            "a" * 320 + "@b.c",
            "",
            None,
        )
        | {
            " Lan.Đặng@Shop.VN\u00a0": "lan.đặng@shop.vn",
            "a@b.c": "a@b.c",
            "a@b.c\n": "a@b.c",
            "mailto:Lan@Shop.vn?subject=Xin%20chào": "lan@shop.vn",
            "MAILTO: lan@shop.vn": "lan@shop.vn",
            '"Lan Nguyễn" <lan@shop.vn>': "lan@shop.vn",
            "'lan@shop.vn'": "lan@shop.vn",
            "“lan@shop.vn”": "lan@shop.vn",
            '"lan@shop.vn",': "lan@shop.vn",
            "lan@shop.vn.": "lan@shop.vn",
            "lan@shop.vn ;": "lan@shop.vn",
            "(lan@shop.vn)": "lan@shop.vn",
            "lan @ shop.vn": "lan@shop.vn",
            "lan%40shop.vn": "lan@shop.vn",
            "l\u200ban@sh\u00adop.vn\u202c": "lan@shop.vn",
            "\ufeff\u200elan@shop.vn": "lan@shop.vn",
            wide("lan@SHOP.vn"): "lan@shop.vn",
            "O'Brien@x.ie": "o'brien@x.ie",
            "o’brien@x.ie": "o'brien@x.ie",
            "lan_shop.vn#EXT#@tenant.onmicrosoft.com": "lan_shop.vn#ext#@tenant.onmicrosoft.com",
            "maxx@exxon.com": "maxx@exxon.com",
            "lan@site.xxx": "lan@site.xxx",
        },
    ),
    "is_word_for_nothing": Cases(
        "{{ is_word_for_nothing('x') }}",
        dict.fromkeys(("NULL", "\\N", "None", "nan", "N/A", "#N/A", "undefined", "(blank)", "-"), "true")
        | dict.fromkeys(("0", "N", "NULL-1", "Nancy", "--1", ""), "false")
        | {None: None},
    ),
    "normalize_id_list": Cases(
        "{{ normalize_id_list('x') }}",
        {
            "a": "a",
            "a;b": "a;b",
            " a , b;\tc;; d;": "a;b;c;d",
            "['a','b c']": "a;b c",
            '["1", "2"]': "1;2",
            ";": None,
            "[]": None,
            None: None,
        },
    ),
    # Vietnam: a mobile number has nine digits, a landline in Hanoi (24) ten, after the trunk prefix 0
    "normalize_phone": Cases(
        "{{ normalize_phone('x') }}",
        nothing(
            "0912xxx678|09xxxxxxxx|091234567x|091234567X|0912***678|0912•••678|0912###678|0912__5678|xxx1234567",
            "0912...5678|8.49E+10|8,49E+10|8.49012346e+10|+84 123|+84 90123456789|0901234567 0987654321|1-800-FLOWERS",
            "123|abc|0",
            "+1 212 555|+44 20 7946 09581|61 412 345 678",
            "9" * 5000,
            "",
            None,
        )
        | dict.fromkeys(
            (
                "090 123 4567",
                "+84 90-123-4567",
                "0084901234567",
                "00 84 901 234 567",
                "84901234567",
                "901234567",
                "+84 (0)90 123 4567",
                "+84 0901234567",
                "(+84)(0)901234567",
                "84 (0) 901234567",
                "+0901234567",
                "++84901234567",
                "+084901234567",
                "(090) 123.4567",
                "0901234567.0",
                "84901234567.0",
                "901234567.00",
                "0901234567 ext. 12",
                "0901234567 x12",
                "0901234567x12",
                "0901234567 máy lẻ 5",
                "0901234567#5",
                "tel:+84-90-123-4567;ext=5",
                "ĐT: 0901234567 (Lan, sau 17h)",
                "0901234567 / 0987654321",
                "0901234567,",
                "'0901234567",
                '"0901234567"',
                "\u202a+84901234567\u202c",
                "0901\u200b234567",
                wide("+84901234567"),
                "٠٩٠١٢٣٤٥٦٧",
                "090–123–4567",
                "maxx 0901234567",
                "09012\u00a034567\n",
            ),
            "+84901234567",
        )
        | {
            "024 3825 1234": "+842438251234",
            "84 24 3825 1234": "+842438251234",
            "0000000000": "+84000000000",
            "+44 (0)20 7946 0958": "+442079460958",
            "+44 020 7946 0958": "+442079460958",
            # Italian numbers keep their 0 from abroad too
            "+39 06 698 12345": "+390669812345",
            # Russia's trunk prefix is 8, and its toll-free numbers begin with 8 as well
            "+7 8 912 345-67-89": "+79123456789",
            "+7 800 555 35 35": "+78005553535",
            "+36 06 30 123 4567": "+36301234567",
            "+1 (212) 555-0100": "+12125550100",
            "+1 1 212 555 0100": "+12125550100",
            "+52 1 55 1234 5678": "+525512345678",
            "+375 8 029 491-19-11": "+375294911911",
            "+86 138 0013 8000 分机 12": "+8613800138000",
        },
        {"default_phone_country": "VN"},
    ),
    "normalize_phone in the United States": Cases(
        "{{ normalize_phone('x') }}",
        {
            "(212) 555-0100": "+12125550100",
            "1-212-555-0100 x123": "+12125550100",
            "12125550100.0": "+12125550100",
            "011 84 90 123 4567": "+84901234567",
            "0084901234567": "+84901234567",
            "555-0100": None,
        },
        {"default_phone_country": "US"},
    ),
    "normalize_phone in Germany": Cases(
        "{{ normalize_phone('x') }}",
        {
            "030/123456": "+4930123456",
            "0301234567/89": "+49301234567",
            "+49 (0) 30 123456": "+4930123456",
            "4915112345678": "+4915112345678",
            "0043 1 5880 0": "+43158800",
        },
        {"default_phone_country": "DE"},
    ),
    "masked": Cases(
        "{{ masked('x') }}",
        {
            **dict.fromkeys(
                [
                    "a@b.vn",
                    "a%40b.vn",
                    "a%2540b.vn",
                    "lan\uff20shop.vn",
                    "see a@b.vn.",
                    "lan%EF%BC%A0shop.vn",
                    "lan&#64;shop.vn",
                    "lan&#x40;shop.vn",
                    "lan (at) shop.vn",
                    "lan[AT]shop.vn",
                    # an entity of HTML, an escape of JSON, quoted-printable, and words between underscores
                    "lan&commat;shop.vn",
                    "lan&amp;commat;shop&period;vn",
                    "lan\\u0040shop.vn",
                    "lan=40shop.vn",
                    "email=lan.anh=40shop=2Evn",
                    "lan_at_shop.vn",
                    "lan_AT_shop_dot_vn",
                    "lan-at-shop-dot-vn",
                    "bmd1eWVuLnZhbi5hQGdtYWlsLmNvbQ==",
                    "0987 444 555",
                    "0987%20444%20555",
                    "0912.345.678",
                    "091-234-5678",
                    "(0912) 345 678",
                    "0912  345 678",
                    "".join(chr(0xFF10 + int(digit)) for digit in "0912345678"),
                    "sale 0912345678 hot",
                    "028 3822 1234",
                    "+84 912 345 678",
                    "(+84) 912345678",
                    "tel:+84912345678",
                    "%2B84912345678",
                    # the calling code without its plus, and the trunk prefix, also beside letters
                    "84912345678-sale",
                    "84 912 345 678",
                    "84-912-345-678",
                    "0084912345678",
                    "sdt0912345678",
                    "zalo_84912345678",
                    "call_0912_345_678",
                    "0912\u2013345\u2013678",
                    # invisible characters, and digits of another script
                    "0912\u200b345\u200b678",
                    "\u202e0912345678\u202c",
                    "0\u200d9\u200d1\u200d2\u200d3\u200d4\u200d5\u200d6\u200d7\u200d8",
                    "".join(chr(0x0660 + int(digit)) for digit in "0912345678"),
                    # base64 of lan@shop.vn, of hoa.erased@example.com and of 0912345678, with padding and without
                    "bGFuQHNob3Audm4=",
                    "bGFuQHNob3Audm4%3D",
                    "ref-aG9hLmVyYXNlZEBleGFtcGxlLmNvbQ",
                    "MDkxMjM0NTY3OA==",
                ],
                "(masked)",
            ),
            # how campaigns, days, versions and amounts are written, which are no phone numbers
            **{
                text: text
                for text in [
                    "sale_2026",
                    "2026-01-02",
                    "2026-01-02 03:04:05",
                    "spring_0912",
                    "10.0912345678",
                    "0.123456789012",
                    "1.250.000",
                    "20456789012",
                    "v2.0.1",
                    "tet-2026-02-17",
                    "ad-000123",
                    "50%",
                    "123/45/6789",
                    "gclid.EAIaIQobChMI",
                    "09:12:34",
                    "iphone 15 pro 256gb",
                    "2025-07-01 - 2025-07-31",
                    # ids of advertisers' tools
                    "23847123456780123",
                    "17812345678",
                    "84-2026-01-02",
                    "spring_0912_2026",
                    "Khuy\u1ebfn m\u00e3i th\u00e1ng 8",
                    "retargeting_lookalike_audience",
                    "sale (at home)",
                    "[hat] and [AT1]",
                    "meet_at_noon",
                    "sale_at_the_shop. Come",
                    "polka_dot_dress",
                    "look-at-me.html",
                    "?width=40px.jpg",
                    "rate=40.5",
                    "u0040",
                    "TikTok-Spark-Ads-VideoViews-2026",
                    "Cj0KCQjw8eOLBhC1ARIsAOzx5cH1Xz",
                ]
            },
            "": "",
            None: None,
        },
        {"default_phone_country": "VN"},
    ),
    "masked in the United States": Cases(
        "{{ masked('x') }}",
        {
            **dict.fromkeys(
                ["415-555-2671", "(415) 555-2671", "call 415.555.2671 now", "1-415-555-2671", "+1 415 555 2671"],
                "(masked)",
            ),
            # a number of eleven digits is more often a campaign than a phone
            **{text: text for text in ["17812345678", "4155552671", "2026-100-2000", "10.415.555.2671"]},
        },
        {"default_phone_country": "US"},
    ),
    "publishable_id": Cases(
        "{{ publishable_id('x') }} = x",
        {
            "o-1": "true",
            "0912345678": "true",
            "a@b.vn": "false",
            "+84 912 345 678": "false",
            "+84\u200b912\u200b345\u200b678": "false",
            "Th\u1ebb-1": "true",
            None: None,
        },
    ),
    "publishable_id in Vietnam": Cases(
        "{{ publishable_id('x') }} = x",
        {
            **dict.fromkeys(
                [
                    *("0987601386", "0977.009.702", "84944009702-sale", "DH-0987601386", "84 944 009 702"),
                    "".join(chr(0xFF10 + int(digit)) for digit in "0987601386"),
                ],
                "false",
            ),
            # ids of shops: no mobile number has these digits or as many of them
            **dict.fromkeys(
                [
                    *("1000000123", "0000012345", "987601386", "84012345678", "0012345678"),
                    *("HD000123", "250101ABCDEF12", "5678901234567", "20260131-0001"),
                    *("INV/03/2026/0001", "304-1234567-7654321"),
                ],
                "true",
            ),
        },
        {"default_phone_country": "VN"},
    ),
    "base64_decoded": Cases(
        "{{ base64_decoded('x') }}",
        {
            "aG9hLmVyYXNlZEBleGFtcGxlLmNvbQ==": "hoa.erased@example.com",
            "aG9hLmVyYXNlZEBleGFtcGxlLmNvbQ": "hoa.erased@example.com",
            "bGFuQHNob3Audm4": "lan@shop.vn",
            # the alphabet of links
            "Pz8_Pz8-": "?????>",
            "abcde": None,
            None: None,
        },
    ),
    "spelled_out": Cases(
        "{{ spelled_out('x') }}",
        {
            "Hoa (at) Shop dot vn": "hoa@shop.vn",
            "hoa [at] shop [dot] vn": "hoa@shop.vn",
            "hoa a còng shop chấm vn": "hoa@shop.vn",
            "hoa.erased @ example . com": "hoa.erased@example.com",
            "hoa_at_shop_dot_vn": "hoa@shop.vn",
            "Hoa-at-shop-dot-vn": "hoa@shop.vn",
            "hat and dots": "hat and dots",
            None: None,
        },
    ),
    "readable_text": Cases(
        "{{ readable_text('x') }}",
        {
            "hoa%2Eerased%2540shop%2evn": "hoa.erased@shop.vn",
            "hoa&#64;shop&#x2e;vn": "hoa@shop.vn",
            "hoa&commat;shop&period;vn": "hoa@shop.vn",
            "hoa&amp;#064;shop&amp;period;vn": "hoa@shop.vn",
            "hoa\\u0040shop\\u002Evn": "hoa@shop.vn",
            "hoa=40shop=2Evn": "hoa@shop.vn",
            "h\u200bo\u202ea\uff20shop\uff0evn": "hoa@shop.vn",
            None: None,
        },
    ),
}
