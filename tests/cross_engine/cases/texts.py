"""Cases of texts: patterns, letter case and Unicode, URLs and user agents."""

from tests.cross_engine.cases.case import Cases, nothing

CASES: dict[str, Cases] = {
    "regex_like": Cases(
        "{{ regex_like('x', \"'^[^0-9]+\" ~ text_end() ~ \"'\") }}",
        {"ab": "true", "a1": "false", "": "false", None: None, "Ế": "true", "a\n": "true", "1\n": "false"},
    ),
    "text_end": Cases(
        "{{ regex_like('x', \"'a\" ~ text_end() ~ \"'\") }}", {"a": "true", "a\n": "false", "ab": "false"}
    ),
    "whitespace": Cases(
        "{{ regex_like('x', \"'[\" ~ whitespace() ~ \"]'\") }}",
        {" ": "true", "\t": "true", "\n": "true", "\x0b": "true", "a": "false", "s": "false", "\u00a0": "false"},
    ),
    "regex_remove": Cases(
        "{{ regex_remove('x', \"'[^0-9]'\") }}",
        {"+84 (90) 123-4567": "84901234567", "": "", None: None, "không": "", "😀1😀2": "12", "a1b2\n3": "123"},
    ),
    "trimmed": Cases(
        "{{ trimmed('x') }}",
        {
            "  a b ": "a b",
            "\u00a0\u3000 Đặng \u2003\u202f": "Đặng",
            "\t a\n": "\t a\n",
            "\u200ba": "\u200ba",
            "": "",
            "   ": "",
            None: None,
        },
    ),
    "lower_case": Cases(
        "{{ lower_case('x') }}",
        {
            "ĐẶNG ƯỚC Ế": "đặng ước ế",
            "E\u0302\u0301": "e\u0302\u0301",
            "İSTANBUL": "istanbul",
            "ΟΔΟΣ": "οδοσ",
            "Straße": "straße",
            "": "",
            None: None,
        },
    ),
    "percent_decoded": Cases(
        "{{ percent_decoded('x') }}",
        {
            "a+b%20c": "a b c",
            "1%2B1": "1+1",
            "khuy%E1%BA%BFn+m%C3%A3i": "khuyến mãi",
            "%f0%9f%98%80": "\U0001f600",
            "%2540": "%40",
            # percent signs that are no escapes; bytes that are not UTF-8 (single byte, overlong, surrogate, out of
            # range); a control character
            "100%+": "100% ",
            "%zz": "%zz",
            "%FF": "%FF",
            "%C0%AF": "%C0%AF",
            "%ED%A0%80": "%ED%A0%80",
            "%F4%90%80%80": "%F4%90%80%80",
            "a%00": "a%00",
            # longer than any tag
            "%20" * 100: " " * 100,
            "%20" * 101: "%20" * 101,
            "ế": "ế",
            "": "",
            None: None,
        },
    ),
    "has_url_parameter": Cases(
        "{{ has_url_parameter(url_parameters('x'), 'y') }}",
        {
            ("https://a.example/?gclid=1", "gclid"): "true",
            ("https://a.example/?a=1&gclid=1", "gclid"): "true",
            ("https://a.example/?a=1&amp;gclid=1", "gclid"): "true",
            ("https://a.example/?gclid=", "gclid"): "false",
            ("https://a.example/?gclid=&b=1", "gclid"): "false",
            ("https://a.example/?gclid=#top", "gclid"): "false",
            ("https://a.example/?GCLID=1", "gclid"): "true",
            ("https://a.example/#gclid=1", "gclid"): "true",
            ("https://a.example/?xgclid=1", "gclid"): "false",
            ("https://a.example/?a=1", "gclid"): "false",
            # two question marks, as when tags are appended to a URL that already has some
            ("https://a.example/?a=1?gclid=1", "gclid"): "true",
            ("https://a.example/", "gclid"): None,
            (None, "gclid"): None,
        },
    ),
    "url_host": Cases(
        "{{ url_host('x') }}",
        {
            "https://www.Facebook.com/a?b=c": "facebook.com",
            "https://l.facebook.com": "facebook.com",
            "http://lm.facebook.com:8080/": "facebook.com",
            "https://m.me/shop": "m.me",
            "https://l.vn/": "l.vn",
            "android-app://com.zing.zalo/": "com.zing.zalo",
            "//cdn.example/a": "cdn.example",
            "www.google.com": "google.com",
            "google.com.vn/search": "google.com.vn",
            "http://intranet/a": "intranet",
            "https://example.com./": "example.com",
            "https://user:secret@blog.example.com:8443/a@b": "blog.example.com",
            **nothing(None, "", "-|(direct)|null|about:blank|https://|/path.html"),
        },
    ),
    "string_literal": Cases(
        '{{ string_literal("it\'s \\\\n 100\\\\% Ế") }} || x', {"": "it's \\n 100\\% Ế", None: None}
    ),
    "regex_replace": Cases(
        "{{ regex_replace('x', \"'([a-z])([0-9])'\", '\\\\2-\\\\1') }}",
        {"a1b2": "1-a2-b", "12": "12", "": "", None: None, "ế9a0": "ế90-a"},
    ),
    # letters and combining marks written separately, in either order, as keyboards and file systems write them
    "nfc": Cases(
        "{{ nfc('x') }}",
        {
            "Khuye\u0302\u0301n ma\u0303i": "Khuy\u1ebfn m\u00e3i",
            "ta\u0323\u0302p": "t\u1eadp",
            "ta\u0302\u0323p": "t\u1eadp",
            "t\u00e2\u0323p": "t\u1eadp",
            "TU\u031b\u0300 NGO\u031b\u0300": "T\u1eea NG\u1edc",
            "u\u0308ber": "\u00fcber",
            "T\u1ebft": "T\u1ebft",
            "\u0438\u0306": "\u0439",
            "plain": "plain",
            "": "",
            None: None,
        },
    ),
    "filled_tag": Cases(
        "{{ filled_tag('x') }}",
        {
            "spring": "spring",
            "Undefined": None,
            "[object Object]": None,
            "{{campaign.name}}": None,
            "{{campaign.name}}_{{ad.name}} | {placement}": None,
            "__CAMPAIGN_NAME__": None,
            "%%CAMPAIGN%%": None,
            "<campaign name>": None,
            # somebody chose these
            "{launch}-2026": "{launch}-2026",
            "spring_{{ad.name}}": "spring_{{ad.name}}",
            "__": "__",
            "nullarbor": "nullarbor",
            None: None,
        },
    ),
    "url_tag of the tagged part": Cases(
        "{{ url_tag(percent_decoded(url_parameter(tagged_part('x'), 'utm_source'))) }}",
        {
            "https://a.vn/?utm_source=%20zalo+": "zalo",
            "https://a.vn/?utm_source=%C2%A0zalo": "zalo",
            "https://a.vn/?utm_source=%20": None,
            "https://a.vn/?UTM_Source=Zalo": "Zalo",
            "https://a.vn/?a=1;utm_source=zalo;utm_medium=oa": "zalo",
            "https://a.vn/?utm_source=te%CC%82%CC%81t": "t\u1ebft",
            "https://a.vn/?utm_source=a@b.vn": "(masked)",
            # the fragment after # counts as a whole, and only if the query has no tag
            "https://a.vn/#utm_source=zalo&utm_medium=oa": "zalo",
            "https://a.vn/#/page?utm_medium=oa&utm_source=zalo": "zalo",
            "https://a.vn/?utm_medium=oa#utm_source=zalo": None,
            "https://a.vn/?utm_source=zalo#utm_source=other": "zalo",
            "https://a.vn/?utm_medium=#utm_source=zalo": "zalo",
            "https://a.vn/#top": None,
            None: None,
        },
    ),
    "registered_domain": Cases(
        "{{ registered_domain('x') }}",
        {
            "gocheck.vn": "gocheck.vn",
            "a.b.gocheck.vn": "gocheck.vn",
            "shop.example.com.vn": "example.com.vn",
            "example.co.uk": "example.co.uk",
            "a.myshopify.com": "a.myshopify.com",
            "x.a.myshopify.com": "a.myshopify.com",
            "intranet": "",
            None: None,
        },
    ),
    "is_bot_agent": Cases(
        "{{ is_bot_agent('x') }}",
        {
            "Mozilla/5.0 (compatible; Googlebot/2.1)": "true",
            "WhatsApp/2.23.20.0 A": "true",
            "Mozilla/5.0 (Linux; Android 10; CUBOT_X30) Mobile Safari/537.36": "false",
            "Mozilla/5.0 (Linux; Android 10; CUBOT_X30) (compatible; AdsBot-Google-Mobile)": "true",
            "Mozilla/5.0 (Windows NT 10.0)": "false",
            None: None,
        },
    ),
    "url_parameter": Cases(
        "{{ percent_decoded(url_parameter('x', 'utm_source')) }}",
        {
            "https://a.example/?b=1&utm_source=z%E1%BA%BF+o#top": "zế o",
            "https://a.example/?b=1&amp;utm_source=zalo&amp;c=2": "zalo",
            "https://a.vn/?utm_source=zalo&b=1": "zalo",
            "https://a.vn/?b=1&utm_source=đ#x": "đ",
            "https://a.vn/?utm_source=": None,
            "https://a.vn/": None,
            None: None,
        },
    ),
}
