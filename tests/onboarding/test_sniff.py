"""Detection of a file's encoding, separator, header and rows."""

import gzip
import json
from pathlib import Path

import pytest
from onboarding.sniff import LONGEST_CELL, MOST_BYTES, sniff

from tests.build.unusable import contents as unusable
from tests.onboarding.files import INVOICES, lines, workbook, write

HEADER = ["Mã đơn", "Thời gian", "Mã khách hàng", "Điện thoại", "Tổng cộng", "Trạng thái"]


def test_a_vietnamese_sheet_saved_by_excel(tmp_path: Path) -> None:
    file = write(tmp_path, "a.csv", "\ufeff" + lines(*INVOICES, end="\r\n"))
    (sheet,) = sniff(file)
    assert sheet.problem is None
    assert sheet.encoding is not None and (sheet.encoding.value, sheet.encoding.is_sure) == ("utf-8", True)
    assert sheet.delimiter is not None and sheet.delimiter.value == ";"
    assert sheet.columns == HEADER
    assert sheet.row_count == 3
    assert sheet.values(4) == ["1.250.000", "450.000", "12.500.000"]


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("utf-8", "utf-8")],
)
def test_unicode_of_two_bytes_a_letter_with_tabs(tmp_path: Path, encoding: str, written: str) -> None:
    file = write(tmp_path, "a.tsv", lines(*(row.replace(";", "\t") for row in INVOICES)), written)
    (sheet,) = sniff(file)
    assert sheet.encoding is not None and sheet.encoding.value == encoding
    assert sheet.delimiter is not None and sheet.delimiter.value == "\t"
    assert sheet.columns == HEADER


def test_windows_1258_writes_tones_as_letters_of_their_own(tmp_path: Path) -> None:
    # Mã khách;Tên;Điện thoại and Phạm Lan, with tones as combining marks after the letter
    content = "Ma\u0303 kha\u0301ch;Tên;Điê\u0323n thoa\u0323i\nKH1;Pha\u0323m Lan;0911000001\n"
    (sheet,) = sniff(write(tmp_path, "khach.csv", content, "cp1258"))
    assert sheet.encoding is not None
    assert (sheet.encoding.value, sheet.encoding.is_sure) == ("cp1258", False)


def test_windows_1252(tmp_path: Path) -> None:
    content = "Référence;Prénom;Montant\nC1;Zoë;12,50\nC2;François;3,00\n"
    (sheet,) = sniff(write(tmp_path, "clients.csv", content, "cp1252"))
    assert sheet.encoding is not None
    assert (sheet.encoding.value, sheet.encoding.is_sure) == ("cp1252", False)
    assert sheet.columns == ["Référence", "Prénom", "Montant"]


def test_quoted_line_breaks_and_blank_lines(tmp_path: Path) -> None:
    content = 'id,note,city\n\n1,"two\nlines, and a comma",Hue\n\n,,\n2,,Hanoi\n'
    (sheet,) = sniff(write(tmp_path, "a.csv", content))
    assert sheet.columns == ["id", "note", "city"]
    assert sheet.rows == [["1", "two\nlines, and a comma", "Hue"], ["2", "", "Hanoi"]]


def test_the_line_that_tells_excel_the_separator_is_no_header(tmp_path: Path) -> None:
    (sheet,) = sniff(write(tmp_path, "a.csv", "sep=;\nid;name\n1;a,b\n"))
    assert sheet.delimiter is not None and sheet.delimiter.value == ";"
    assert (sheet.header_row, sheet.columns) == (2, ["id", "name"])


def test_a_title_above_the_names_of_columns(tmp_path: Path) -> None:
    (sheet,) = sniff(write(tmp_path, "a.csv", "Report of January,,\n,,\nOrder ID,Date,Total\nA1,2026-01-05,10\n"))
    assert (sheet.header_row, sheet.title) == (3, "Report of January")
    assert sheet.columns == ["Order ID", "Date", "Total"]
    assert sheet.row_count == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n\n  \n", "blank lines alone"),
        ("1,2026-01-05,10\n2,2026-01-06,12\n", "values where the names of columns should stand"),
        ("id,Name,name\n1,a,b\n", "names the column 'name' 2 times"),
    ],
)
def test_what_is_no_table_is_said_with_what_to_do(tmp_path: Path, content: str, said: str) -> None:
    (sheet,) = sniff(write(tmp_path, "a.csv", content))
    assert sheet.problem is not None and said in sheet.problem
    assert ": " in sheet.problem


HOSTILE: dict[str, tuple[str, str | bytes, str]] = {
    "names that are values": ("a.csv", ",".join(f"c{n}" for n in range(3000)), "has 3,000 columns, but at most 2,000"),
    "keys that are values": ("a.json", json.dumps([{f"k{n}": 1} for n in range(3000)]), "has 3,000 different keys"),
    "lists in lists": ("a.json", "[" * 100_000 + "]" * 100_000, "nested too deeply: export a list of records"),
    "cell at the end of the sheet": (
        "a.xlsx",
        unusable.workbook(
            ("May", unusable.ROWS),
            below='<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>',
        ),
        "in use up to row 1,048,576 and column 16,384",
    ),
    "cell beyond any sheet": (
        "a.xlsx",
        unusable.workbook(("May", unusable.ROWS), below='<row r="99999999"><c r="ZZZZ99999999"><v>1</v></c></row>'),
        "in use up to row 99,999,999 and column 475,254",
    ),
}


@pytest.mark.parametrize(("name", "content", "said"), HOSTILE.values(), ids=HOSTILE)
def test_what_would_exhaust_the_memory_is_not_read(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    (sheet,) = sniff(write(tmp_path, name, content))
    assert sheet.problem is not None and said in sheet.problem


def test_of_a_long_cell_the_beginning_is_looked_at(tmp_path: Path) -> None:
    (sheet,) = sniff(write(tmp_path, "a.csv", f'id,words\n1,"{"a, " * 2**20}"\n'))
    assert sheet.rows == [["1", ("a, " * 2**20)[:LONGEST_CELL]]]


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    (sheet,) = sniff(write(tmp_path, "a.csv", "order_id,status\n"))
    assert (sheet.problem, sheet.columns, sheet.row_count) == (None, ["order_id", "status"], 0)


def test_sheets_of_a_workbook_with_a_title_row(tmp_path: Path) -> None:
    file = workbook(
        tmp_path / "a.xlsx",
        {
            "Hóa đơn": [["DANH SÁCH"], [], ["Mã đơn", "Tổng cộng"], ["HD1", 450000.0]],
            "Trống": [],
            "Khách": [["Mã khách hàng", "Email"], ["KH1", "lan@vidu.vn"]],
        },
    )
    invoices, customers = sniff(file)
    assert (invoices.sheet, invoices.header_row, invoices.rows) == ("Hóa đơn", 3, [["HD1", "450000"]])
    assert (customers.sheet, customers.header_row, customers.columns) == ("Khách", 1, ["Mã khách hàng", "Email"])


RECORDS = [{"id": 1, "total": 12.50, "lines": [{"sku": "a"}]}, {"id": 2, "note": None}]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS),
        json.dumps({"orders": RECORDS}),
        "".join(json.dumps(record) + "\n" for record in RECORDS),
    ],
)
def test_records_of_json(tmp_path: Path, content: str) -> None:
    (sheet,) = sniff(write(tmp_path, "a.json", content))
    assert sheet.columns == ["id", "total", "lines", "note"]
    assert sheet.rows == [["1", "12.5", '[{"sku": "a"}]', ""], ["2", "", "", ""]]


def test_of_a_huge_file_the_beginning_is_looked_at(tmp_path: Path) -> None:
    row = b"1,2026-01-05,some words to make it long\n"
    file = tmp_path / "a.csv.gz"
    with gzip.open(file, "wb", compresslevel=1) as stream:
        stream.write(b"id,date,words\n")
        stream.write(row * (MOST_BYTES // len(row) + 1000))
    (sheet,) = sniff(file)
    assert not sheet.is_whole
    assert 0 < sheet.row_count <= 100_000


def test_of_a_huge_list_of_json_the_beginning_is_looked_at(tmp_path: Path) -> None:
    record = json.dumps({"id": 1, "words": "w" * 2**20})
    file = write(tmp_path, "a.json", f"[{','.join([record] * 40)}]")
    (sheet,) = sniff(file)
    assert (sheet.columns, sheet.is_whole) == (["id", "words"], False)
    # a record has 1 MB and a few bytes, so that the 32nd is cut
    assert sheet.row_count == 31


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.csv.gz", "cannot be read"),
        ("a.xlsx", "is gzip, not a sheet"),
        ("a.json", "is gzip, not JSON"),
        ("a.parquet", "is gzip, not Parquet. Rename it to end in .gz"),
    ],
)
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, name: str, said: str) -> None:
    (sheet,) = sniff(write(tmp_path, name, b"\x1f\x8b no such thing {"))
    assert sheet.problem is not None and said in sheet.problem


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("N° de commande;Créées;Nîmes\n1;2;3\n", "cp1252"),
        ("Ångström;Smørrebrød;Straße – 5 €\n1;2;3\n", "cp1252"),
        ("Имя;Телефон;Заказ клиента;Дата заказа\nЮлия;2;Москва;4\n", "cp1251"),
        ("Номер;Клієнт\n1;Їжак\n", "cp1251"),
        ("Имя;Телефон;Город\nЮлия Петрова;8;Москва\n", "koi8-r"),
        ("Имя;Телефон;Город\nЮлия Петрова;8;Москва\n", "cp866"),
        ("Imię;Nazwisko\nMichał;Wójcik\nZażółć;gęślą jaźń\n", "cp1250"),
        ("Jméno;Příjmení;Město\nJiří;Dvořák;Plzeň\n", "cp1250"),
        ("Név;Város\nKovács Ödön;Győr\n", "cp1250"),
        ("Αριθμός παραγγελίας;Ημερομηνία\n1;Αθήνα\n", "cp1253"),
        ("Sipariş no;Müşteri;İl\n1;Ayşe Oğuz;İstanbul\n", "cp1254"),
        ("שם;עיר\nשרה;חיפה\n", "cp1255"),
        ("رقم الطلب;اسم العميل\n1;محمد علي\n", "cp1256"),
        ("Užsakymo numeris;Miestas\n1;Šiauliai\n2;Klaipėda\n", "cp1257"),
        ("เลขที่ใบเสร็จ,วันที่,ลูกค้า\n1,2,สมชาย ใจดี\n", "cp874"),
        ("注文番号,注文日,お客様名\n1,2,山田 太郎\n", "cp932"),
        ("订单编号,下单时间,买家姓名\n1,2,王小明\n", "gb18030"),
        ("訂單編號,日期,客戶姓名\n1,2,陳大文\n", "cp950"),
        ("주문번호,주문일,고객명\n1,2,김철수\n", "cp949"),
        # names of several languages
        ("André;Müller;Søren;Peña\n1;2;3;4\n", "cp1252"),
    ],
)
def test_code_pages(text: str, encoding: str, tmp_path: Path) -> None:
    """A short Western text is Windows-1252; another is the page in which its letters make words of one language."""
    (sheet,) = sniff(write(tmp_path, "a.csv", text, encoding))
    assert sheet.encoding is not None and sheet.encoding.value == encoding


def test_a_few_stray_bytes_do_not_hide_utf_8(tmp_path: Path) -> None:
    content = "Mã;Tên khách\n1;Nguyễn Văn Ánh\n".encode() + b"2;\xff\n"
    (sheet,) = sniff(write(tmp_path, "a.csv", content))
    assert sheet.encoding is not None and (sheet.encoding.value, sheet.encoding.is_sure) == ("utf-8", False)
    assert sheet.rows[0] == ["1", "Nguyễn Văn Ánh"]
