"""Vocabularies of the demo: names, places, statuses, texts, and some weights and effects that go with them."""

from __future__ import annotations

FAMILY = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Huỳnh",
    "Phan",
    "Vũ",
    "Võ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Dương",
    "Lý",
)
FAMILY_ASCII = (
    "nguyen",
    "tran",
    "le",
    "pham",
    "hoang",
    "huynh",
    "phan",
    "vu",
    "vo",
    "dang",
    "bui",
    "do",
    "ho",
    "ngo",
    "duong",
    "ly",
)
MIDDLE = ("Văn", "Thị", "Minh", "Thanh", "Ngọc", "Quốc", "Hữu", "Thu", "Gia", "Anh")
GIVEN = (
    "An",
    "Bình",
    "Châu",
    "Dũng",
    "Giang",
    "Hà",
    "Hải",
    "Hạnh",
    "Hương",
    "Khánh",
    "Lan",
    "Linh",
    "Long",
    "Mai",
    "Nam",
    "Nga",
    "Phong",
    "Phúc",
    "Quân",
    "Quỳnh",
    "Sơn",
    "Thảo",
    "Trang",
    "Trung",
    "Tuấn",
    "Uyên",
    "Vy",
    "Yến",
)
GIVEN_ASCII = (
    "an",
    "binh",
    "chau",
    "dung",
    "giang",
    "ha",
    "hai",
    "hanh",
    "huong",
    "khanh",
    "lan",
    "linh",
    "long",
    "mai",
    "nam",
    "nga",
    "phong",
    "phuc",
    "quan",
    "quynh",
    "son",
    "thao",
    "trang",
    "trung",
    "tuan",
    "uyen",
    "vy",
    "yen",
)
MAIL_DOMAINS = ("gmail.com", "yahoo.com.vn", "outlook.com", "icloud.com", "fpt.vn")
MAIL_WEIGHTS = (72, 9, 9, 8, 2)
PHONE_PREFIXES = (
    90,
    93,
    94,
    96,
    97,
    98,
    32,
    33,
    34,
    35,
    36,
    37,
    38,
    39,
    70,
    76,
    77,
    78,
    79,
    81,
    82,
    83,
    84,
    85,
    86,
    88,
    89,
    56,
    58,
    59,
)
"""Mobile prefixes without the leading 0; 91 is reserved for the scenario Customer A."""

PERSONAS = ("podcaster", "streamer", "content_creator", "teacher", "musician", "event_host", "student")
PERSONA_WEIGHTS = (14, 16, 26, 14, 12, 8, 10)
PERSONA_TASTE = (0.35, 0.15, 0.25, 0.0, 0.1, -0.1, -0.45)
"""Effect of each persona on a first purchase, in log-odds."""
BUYING_ROLES = ("decision_maker", "influencer", "user", "champion")
JOB_TITLES = (
    "Giám đốc sản xuất",
    "Trưởng phòng mua hàng",
    "Kỹ sư âm thanh",
    "Producer",
    "Marketing Manager",
    "Studio Owner",
)
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55+")
AGE_WEIGHTS = (24, 38, 22, 11, 5)
GENDERS = ("female", "male", "other")
GENDER_WEIGHTS = (45, 50, 2)
CITIES = (
    "Hồ Chí Minh",
    "Hà Nội",
    "Đà Nẵng",
    "Cần Thơ",
    "Hải Phòng",
    "Cà Mau",
    "Lào Cai",
    "Kon Tum",
    "Singapore",
    "Berlin",
)
CITY_WEIGHTS = (36, 30, 9, 6, 6, 4, 3, 3, 2, 1)
CITY_COUNTRY = ("VN",) * 8 + ("SG", "DE")
REMOTE_CITIES = (5, 6, 7)
FOREIGN_CITIES = (8, 9)

LEAD_SOURCES = {
    "direct": "Website",
    "organic_search": "Google",
    "paid_search": "Google Ads",
    "paid_social": "Facebook Ads",
    "organic_social": "Facebook",
    "email": "Email",
    "referral": "Giới thiệu",
    "organic_video": "YouTube",
    "paid_video": "YouTube Ads",
    "display": "Banner",
    "affiliates": "Accesstrade",
}
INDUSTRIES = ("Sản xuất podcast", "Truyền hình", "Giáo dục", "Sự kiện", "Quảng cáo", "Âm nhạc")
COMPANY_FIRST = (
    "Sóng",
    "Âm Vang",
    "Mekong",
    "Sao Mai",
    "Hà Thành",
    "Sài Gòn",
    "Lotus",
    "Vọng",
    "Nhịp",
    "Trống Đồng",
)
COMPANY_LAST = ("Studio", "Media", "Production", "Sound", "Academy", "Entertainment", "Podcast House")
OWNERS = ("own-hanh", "own-kiet", "own-mai", "own-tung", "own-vy")
OWNER_SKILL = (0.35, 0.0, 0.2, -0.35, -0.1)
"""Effect of each deal owner on winning, in log-odds."""

REVIEW_BODIES = {
    5: (
        "Âm thanh rất trong, khử ồn tốt ngoài trời.",
        "Đáng tiền, tư vấn nhiệt tình!",
        "Great mic, works with my phone at once.",
    ),
    4: ("Tốt, chỉ hơi nặng.", "Pin ổn, hộp đẹp, giao nhanh."),
    3: ('Tạm được, "đúng tầm giá".', "Bình thường, giao hơi lâu"),
    2: ("Giao trễ, phải gọi hỏi nhiều lần.", "Kết nối hay rớt."),
    1: ("Thất vọng: giao trễ, hỗ trợ chậm.\nKhông mua lại.", "Mic rè, gọi 0987 654 321 không ai nghe máy."),
}
COMMENTS_GOOD = ("Nhân viên rất nhiệt tình", "Rất hài lòng", "Sẽ giới thiệu bạn bè", "")
COMMENTS_BAD = ("Giao hàng trễ", "Chờ hỗ trợ quá lâu", "Gọi lại cho tôi 0912 000 111", "")

ORDER_STATUS = {
    "completed": ("completed", "Hoàn thành", "Đã giao", "Delivered"),
    "shipped": ("shipped", "Đang giao", "Đã gửi hàng"),
    "paid": ("paid", "Đã thanh toán"),
    "pending": ("pending", "Chờ thanh toán", "Awaiting payment"),
    "cancelled": ("cancelled", "Đã hủy", "Đã huỷ", "Canceled"),
    "returned": ("returned", "Đã trả hàng", "Hoàn trả"),
}
STAGE_NAMES = {
    "subscriber": ("Subscriber", "Đăng ký"),
    "lead": ("Lead", "Khách hàng tiềm năng"),
    "mql": ("MQL", "Marketing Qualified Lead", "Tiềm năng marketing"),
    "sql": ("SQL", "Sales Qualified Lead", "Tiềm năng bán hàng"),
    "meeting": ("Meeting", "Đã hẹn gặp"),
    "quote": ("Quote", "Báo giá"),
    "opportunity": ("Opportunity", "Cơ hội"),
    "customer": ("Customer", "Khách hàng"),
    "evangelist": ("Evangelist", "Người lan truyền"),
    "other": ("Other", "Khác", "Ngừng liên hệ"),
}
