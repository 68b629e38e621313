"""Messages for unusable input: one line with the file, the problem, and what to do next."""

import gzip
import io
import struct
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from customer_journey.errors import InputError
from customer_journey.landing.land import land
from customer_journey.landing.landed import LandingReport
from customer_journey.privacy import erasure
from customer_journey.settings import read_settings
from customer_journey.terminal import plain_line
from customer_journey.warehouse import open_warehouse

Files = Mapping[str, str | bytes | None]

HEADER = "contact_id,email,created_at\n"
CONTACTS = f"{HEADER}1,mai@example.com,2026-01-01\n"
# an export of an unknown tool, and an own adapter that reads it
TOOL = {
    "tool/adapter.yml": "name: Tool\nneeds_timezone: true\nvariables: {currency: null}\n"
    "inputs:\n  people:\n    recognised_by: [Person, Joined]\n    columns: [Person, Joined]\n",
    "tool/crm/contacts.sql": "select Person as contact_id, Joined as created_at from people\n",
    "export/people.csv": "Person,Joined\n1,2026-01-01\n",
}
_TOOL = "adapters:\n  - {adapter: tool, folder: export"


def workbook(*sheets: tuple[str, list[list[str]]]) -> bytes:
    """Return a workbook of Excel: each sheet by its name and rows of texts."""
    content = io.BytesIO()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" Type="{office}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>',
        )
        names = "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="s{n}"/>' for n, (name, _) in enumerate(sheets, start=1)
        )
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="s{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
        )
        for n, (_, rows) in enumerate(sheets, start=1):
            cells = "".join(
                f'<row r="{r}">'
                + "".join(
                    f'<c r="{chr(64 + c)}{r}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
                    for c, text in enumerate(row, start=1)
                    if text
                )
                + "</row>"
                for r, row in enumerate(rows, start=1)
            )
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
            )
    return content.getvalue()


def protected_workbook() -> bytes:
    """Return what Excel saves under a password: a compound file that contains only an encrypted package."""
    free, end, is_fat = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD

    def entry(name: str, kind: int, child: int, size: int) -> bytes:
        text = name.encode("utf-16-le")
        return (
            text.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(text) + 2, kind, 1, free, free, child)
            + bytes(36)
            + struct.pack("<IQ", 2 if kind == 2 else end, size)
        )

    header = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
        + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
        + struct.pack("<109I", 0, *[free] * 108)
    )
    table = struct.pack("<128I", is_fat, end, *range(3, 10), end, *[free] * 118)
    folder = entry("Root Entry", 5, 1, 0) + entry("EncryptedPackage", 2, free, 4096)
    return header + table + folder.ljust(512, b"\0") + bytes(4096)


def _mapping(text: str, **files: str | bytes | None) -> Files:
    return {"mapping.yml": text, "crm/contacts.csv": CONTACTS, **files}


def _contacts(content: str | bytes, suffix: str = ".csv") -> Files:
    return {f"crm/contacts{suffix}": content}


def _of_contacts(entry: str) -> Files:
    return _mapping(f"tables:\n  crm/contacts:\n    {entry}\n")


def _settings(text: str) -> Files:
    return {"vars.yml": text, "crm/contacts.csv": CONTACTS}


def _parquet(**columns: list[str]) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


ROWS = [["contact_id", "email", "created_at"], ["1", "mai@example.com", "2026-01-01"]]

# the content of the raw folder; then the file, the problem and the next step that the line must name
BROKEN: dict[str, tuple[Files, str, str, str]] = {
    # text files
    "semicolons": (
        _contacts(CONTACTS.replace(",", ";")),
        "contacts.csv",
        "separated by ';', not by ','",
        "delimiter: ';'",
    ),
    "tabs in a .csv": (
        _contacts(CONTACTS.replace(",", "\t")),
        "contacts.csv",
        "separated by '\\t'",
        'delimiter: "\\t"',
    ),
    "pipes": (_contacts(CONTACTS.replace(",", "|")), "contacts.csv", "separated by '|'", "delimiter: '|'"),
    "commas in a .tsv": (_contacts(CONTACTS, ".tsv"), "contacts.tsv", "separated by ','", "delimiter: ','"),
    "UTF-16": (_contacts(CONTACTS.encode("utf-16")), "contacts.csv", "UTF-16", "Save it as UTF-8"),
    "UTF-16 without a mark": (_contacts(CONTACTS.encode("utf-16-le")), "contacts.csv", "UTF-16", "Save it as UTF-8"),
    "Windows-1258": (
        _contacts(CONTACTS.replace("mai@", "Đà@").encode("cp1258")),
        "contacts.csv",
        "Line: 2",
        "its encoding in mapping.yml",
    ),
    "Latin-1 in the header": (
        _contacts(CONTACTS.replace("email", "prénom").encode("latin-1")),
        "contacts.csv",
        "cannot be read as UTF-8 CSV",
        "its encoding in mapping.yml",
    ),
    "separator in Excel's first line": (
        _contacts(f"sep=;\n{CONTACTS.replace(',', ';')}"),
        "contacts.csv",
        "separated by ';', as its first line says",
        "delimiter: ';'",
    ),
    "title row": (_contacts(f"Danh sách khách hàng\n{CONTACTS}"), "contacts.csv", "line 2", "header_row: 2"),
    "title row and a blank line": (
        _contacts(f"Danh sách khách hàng\n\n{CONTACTS}"),
        "contacts.csv",
        "line 3",
        "header_row: 3",
    ),
    "title row filled up": (
        _contacts(f"Danh sách khách hàng,,\n{CONTACTS}"),
        "contacts.csv",
        "line 2",
        "header_row: 2",
    ),
    "near name of a column": (
        _contacts(CONTACTS.replace("contact_id", "Contact ID")),
        "contacts.csv",
        "lacks the required column contact_id",
        "Contact ID",
    ),
    "name in another language": (
        _contacts(CONTACTS.replace("created_at", "Ngày tạo")),
        "contacts.csv",
        "lacks the required column created_at",
        "Ngày tạo",
    ),
    "column twice": (
        _contacts(CONTACTS.replace("email", "contact_id")),
        "contacts.csv",
        "names the column 'contact_id' twice",
        "Rename or remove one",
    ),
    "column twice, in capitals": (
        _contacts("contact_id,Email,email,created_at\n"),
        "contacts.csv",
        "twice",
        "Rename or remove one",
    ),
    "no byte": (_contacts(""), "contacts.csv", "is empty", "Export it again"),
    "a blank line alone": (_contacts("\n"), "contacts.csv", "is empty", "Export it again"),
    "gzip cut off": (
        _contacts(gzip.compress(CONTACTS.encode() * 99)[:-20], ".csv.gz"),
        "contacts.csv.gz",
        "cannot be read",
        "Export it again",
    ),
    "gzip that is none": (_contacts(CONTACTS, ".csv.gz"), "contacts.csv.gz", "is not gzip", "rename it without .gz"),
    "workbook called .csv": (_contacts(workbook(("A", ROWS))), "contacts.csv", "is a workbook", "rename it"),
    "web page called .csv": (
        _contacts("<!DOCTYPE html>\n<html><body>Please log in</body></html>\n"),
        "contacts.csv",
        "is a web page",
        "export it again",
    ),
    "JSON called .csv": (
        _contacts('[{"contact_id": "1", "created_at": "2026-01-01"}]\n'),
        "contacts.csv",
        "is JSON",
        "Rename it",
    ),
    "Parquet called .csv": (_contacts(_parquet(contact_id=["1"])), "contacts.csv", "is Parquet", "Rename it"),
    "text called .parquet": (
        _contacts(CONTACTS, ".parquet"),
        "contacts.parquet",
        "cannot be read as Parquet",
        "Export it again",
    ),
    "Parquet cut off": (
        _contacts(_parquet(contact_id=["1"])[:-9], ".parquet"),
        "contacts.parquet",
        "cannot be read as Parquet",
        "Export it again",
    ),
    "Parquet without a column": (
        _contacts(_parquet(contact_id=["1"], email=["a@example.com"]), ".parquet"),
        "contacts.parquet",
        "lacks the required column created_at",
        "to the export",
    ),
    "header with an open quotation mark": (
        _contacts(f'"{CONTACTS}'),
        "contacts.csv",
        "quotation mark that is not closed",
        "Correct the header",
    ),
    "carriage returns alone": (
        _contacts(CONTACTS.replace("\n", "\r")),
        "contacts.csv",
        "line 1 ends with a carriage return alone",
        "Save it again as CSV UTF-8",
    ),
    "conflict of git": (
        _contacts(f"{HEADER}<<<<<<< HEAD\n1,mai@example.com,2026-01-01\n"),
        "contacts.csv",
        "Line: 2",
        "Resolve the conflict",
    ),
    "separator at the end of the header": (
        _contacts(CONTACTS.replace("created_at", "created_at,")),
        "contacts.csv",
        "The header has a separator more at its end",
        "Remove it there",
    ),
    "single quotation marks": (
        _contacts("'contact_id','created_at'\n'1','2026-01-01'\n"),
        "contacts.csv",
        "stand between single quotation marks",
        "Export it with double ones",
    ),
    "zip called .gz": (
        _contacts(workbook(("A", ROWS)), ".csv.gz"),
        "contacts.csv.gz",
        "is not gzip",
        "It is a zip archive: unpack it here",
    ),
    "compressed twice": (
        _contacts(gzip.compress(gzip.compress(CONTACTS.encode())), ".csv.gz"),
        "contacts.csv.gz",
        "is compressed twice",
        "Unpack it once",
    ),
    "archive": (_contacts(workbook(("A", ROWS)), ".zip"), "contacts", "none of the files", "Unpack it here"),
    "SQL": (_contacts("INSERT INTO contacts VALUES (1);\n"), "contacts.csv", "is SQL", "Export the table as .csv"),
    "pointer of Git LFS": (
        _contacts("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n"),
        "contacts.csv",
        "is a pointer of Git LFS",
        "git lfs pull",
    ),
    "UTF-16 cut off": (
        {**_of_contacts("encoding: utf-16"), "crm/contacts.csv": CONTACTS.encode("utf-16")[:-1]},
        "contacts.csv",
        "ends within a character",
        "Export it again",
    ),
    # sheets
    "two sheets": (
        _contacts(workbook(("May", ROWS), ("June", ROWS)), ".xlsx"),
        "contacts.xlsx",
        "has the sheets May, June",
        "sheet: May",
    ),
    "sheet that is not there": (
        {
            **_of_contacts("sheet: Juen"),
            "crm/contacts.xlsx": workbook(("May", ROWS), ("June", ROWS)),
            "crm/contacts.csv": None,
        },
        "contacts.xlsx",
        "has no sheet Juen",
        "Did you mean June?",
    ),
    "empty sheet": (_contacts(workbook(("May", [])), ".xlsx"), "contacts.xlsx", "is empty", "Export it again"),
    "password": (_contacts(protected_workbook(), ".xlsx"), "contacts.xlsx", "password", "Remove the password"),
    "password on what is called .xls": (
        _contacts(protected_workbook(), ".xls"),
        "contacts.xls",
        "password",
        "Remove the password",
    ),
    "workbook cut off": (
        _contacts(workbook(("May", ROWS))[:-40], ".xlsx"),
        "contacts.xlsx",
        "cannot be read as a sheet",
        "ave it again",
    ),
    "text called .xlsx": (_contacts(CONTACTS, ".xlsx"), "contacts.xlsx", "is text", "Rename it"),
    "web page called .xls": (
        _contacts("<html><table><tr><td>contact_id</td></tr></table></html>", ".xls"),
        "contacts.xls",
        "is a web page",
        "save it as .xlsx",
    ),
    "title row in a sheet": (
        _contacts(workbook(("May", [["Danh sách"], *ROWS])), ".xlsx"),
        "contacts.xlsx",
        "row 2",
        "header_row: 2",
    ),
    "blank line above": (_contacts(f"\n{CONTACTS}"), "contacts.csv", "line 1 is blank", "header_row: 2"),
    "title row above semicolons": (
        _contacts(f"Danh sách\n{CONTACTS.replace(',', ';')}"),
        "contacts.csv",
        "line 2",
        "header_row: 2",
    ),
    "PDF": (_contacts(b"%PDF-1.7\n%\xe2\xe3", ".xlsx"), "contacts.xlsx", "is a PDF", "Export the rows"),
    "XML called .xls": (
        _contacts('<?xml version="1.0"?><Workbook/>', ".xls"),
        "contacts.xls",
        "is XML",
        "save it as .xlsx",
    ),
    "column twice in a sheet": (
        _contacts(workbook(("May", [["contact_id", "email", "Email"]])), ".xlsx"),
        "contacts.xlsx",
        "twice",
        "Rename or remove one",
    ),
    # JSON
    "scalars": (_contacts("[1, 2]", ".json"), "contacts.json", "record 1 is not an object", "Export objects, or CSV"),
    "lines of texts": (
        _contacts('"a"\n"b"\n', ".ndjson"),
        "contacts.ndjson",
        "record 1 is not an object",
        "Export objects, or CSV",
    ),
    "an array of JSON cut off": (
        _contacts('[{"contact_id": "1", "created_at": "2026', ".json"),
        "contacts.json",
        "cannot be read as JSON",
        "Export it again",
    ),
    "JSON cut off": (
        _contacts('[{"contact_id": "1", "created_at": "2026-01-01"},\n{"contact_id": "2"', ".json"),
        "contacts.json",
        "cannot be read as JSON",
        "Export it again",
    ),
    "an array of JSON cut off between its lines": (
        _contacts('[\n{"contact_id": "1", "created_at": "2026-01-01"},\n{"contact_id": "2"}\n', ".json"),
        "contacts.json",
        "cannot be read as JSON",
        "Export it again",
    ),
    "no byte of JSON": (_contacts("", ".json"), "contacts.json", "is empty", "Export it again"),
    "JSON without a column": (
        _contacts('[{"contact_id": "1", "createdAt": "2026-01-01"}]', ".json"),
        "contacts.json",
        "lacks the required column created_at",
        "createdAt",
    ),
    "two lists": (
        _contacts('{"people": [{"contact_id": "1"}], "orders": []}', ".json"),
        "contacts.json",
        "lacks the required column",
        "people",
    ),
    "JSON gzip cut off": (
        _contacts(gzip.compress(b'[{"contact_id": "1"}]' * 9)[:-15], ".json.gz"),
        "contacts.json.gz",
        "cannot be read as JSON",
        "Export it again",
    ),
    "comma at the end of JSON": (
        _contacts('[\n{"contact_id": "1", "created_at": "2026-01-01"},\n]', ".json"),
        "contacts.json",
        "cannot be read as JSON (line 3, column 1: ",
        "Export it again",
    ),
    "JSON of single quotation marks": (
        _contacts("[{'contact_id': '1'}]", ".json"),
        "contacts.json",
        "line 1, column 3: Expecting property name enclosed in double quotes",
        "Export it again",
    ),
    "JSON in UTF-16": (
        _contacts('[{"contact_id": "1", "created_at": "2026-01-01"}]'.encode("utf-16"), ".json"),
        "contacts.json",
        "UTF-16",
        "Save it as UTF-8",
    ),
    "error of an API": (
        _contacts('{"error": {"code": 401, "message": "Unauthorized"}}', ".json"),
        "contacts.json",
        "a request that failed (Unauthorized)",
        "Export it again",
    ),
    # mapping.yml
    "table twice": (
        _mapping("tables:\n  crm/contacts: {delimiter: ';'}\n  crm/contacts: {delimiter: ','}\n"),
        "mapping.yml",
        "line 3, column 3: crm/contacts stands here for the second time",
        "join both entries",
    ),
    "mapping under another name": (
        {"mapping.yaml": "tables: {}\n", "crm/contacts.csv": CONTACTS},
        "mapping.yaml",
        "would not be read under this name",
        "Rename it to mapping.yml",
    ),
    "columns the wrong way round": (
        _of_contacts("columns: {Kundennummer: contact_id}"),
        "mapping.yml: crm/contacts",
        "Kundennummer and contact_id are swapped",
        "`contact_id: Kundennummer`",
    ),
    "name that YAML reads as no": (
        _of_contacts("columns: {contact_id: No}"),
        "mapping.yml: crm/contacts: columns: contact_id",
        "YAML reads No",
        "between quotation marks",
    ),
    "column to count by that is none": (
        _of_contacts("one_row_per: contactid"),
        "mapping.yml: crm/contacts: one_row_per",
        "no column contactid",
        "Did you mean contact_id?",
    ),
    "pattern that is a folder": (
        _of_contacts("files: [crm]"),
        "mapping.yml: crm/contacts",
        "no file matches crm, which is a folder",
        "write crm/*",
    ),
    "pattern that is nearly a file": (
        _of_contacts("files: [crm/contact.csv]"),
        "mapping.yml: crm/contacts",
        "no file matches crm/contact.csv",
        "Did you mean crm/contacts.csv?",
    ),
    "format that is a number": (
        _of_contacts("date_format: 20260101"),
        "mapping.yml: crm/contacts",
        "must be a text",
        "between quotation marks",
    ),
    "prefix that is a list": (
        _of_contacts("id_prefix: [a]"),
        "mapping.yml: crm/contacts",
        "id_prefix ['a'] is not a text",
        "between quotation marks",
    ),
    "file of two prefixes": (
        _mapping(
            "tables:\n  crm/contacts:\n    - {files: [crm/contacts.csv]}\n    - {files: ['crm/*'], id_prefix: b-}\n"
        ),
        "mapping.yml: crm/contacts",
        "two entries name crm/contacts.csv with different id_prefix",
        "Remove it from the files of one of them",
    ),
    "no YAML": (_mapping("tables: [1, 2\n"), "mapping.yml", "not readable as YAML", "line 2"),
    "tab in YAML": (_mapping("tables:\n\tcrm/contacts: {}\n"), "mapping.yml", "not readable as YAML", "line 2"),
    "a list": (_mapping("- crm/contacts\n"), "mapping.yml", "must hold `tables:` or `adapters:`", "docs/mapping.md"),
    "word at the top": (_mapping("table: {}\n"), "mapping.yml", "table is not a key", "Did you mean tables?"),
    "table": (
        _mapping("tables:\n  crm/contact: {}\n"),
        "mapping.yml",
        "no raw table crm/contact",
        "Did you mean crm/contacts?",
    ),
    "word": (
        _of_contacts("delimeter: ';'"),
        "mapping.yml: crm/contacts",
        "delimeter is not a key",
        "Did you mean delimiter?",
    ),
    "column of the contract": (
        _of_contacts("columns: {contactid: Mã}"),
        "mapping.yml: crm/contacts",
        "no column contactid",
        "Did you mean contact_id?",
    ),
    "column of the file": (
        _of_contacts("columns: {email: e-mial}"),
        "contacts.csv",
        "has no column 'e-mial'",
        "Did you mean email?",
    ),
    "time zone": (
        _of_contacts("timezone: Asia/Ho_Chi_Min"),
        "mapping.yml: crm/contacts",
        "'Asia/Ho_Chi_Min' is not an IANA time zone",
        "Did you mean Asia/Ho_Chi_Minh?",
    ),
    "offset for a zone": (
        _of_contacts("timezone: '+07:00'"),
        "mapping.yml: crm/contacts",
        "is not an IANA time zone",
        "Write for example Asia/Ho_Chi_Minh",
    ),
    "encoding": (
        _of_contacts("encoding: windos-1258"),
        "mapping.yml: crm/contacts",
        "encoding 'windos-1258' is unknown",
        "such as utf-8 or cp1258",
    ),
    "encoding of another file": (
        _of_contacts("encoding: utf-16"),
        "contacts.csv",
        "is not written in utf-16",
        "Correct `encoding`",
    ),
    "UTF-8 called otherwise": (
        {
            **_of_contacts("encoding: cp1258"),
            "crm/contacts.csv": "contact_id,full_name,created_at\n1,Nguyễn Thị Hồng Hạnh,2026-01-01\n",
        },
        "contacts.csv",
        "is written in UTF-8, not in cp1258",
        "Remove `encoding`",
    ),
    "date format": (
        _of_contacts("date_format: dd/mm/yyyy"),
        "mapping.yml: crm/contacts",
        "'dd/mm/yyyy' is not understood",
        "%d/%m/%Y",
    ),
    "two characters": (
        _of_contacts("delimiter: ';;'"),
        "mapping.yml: crm/contacts",
        "delimiter ';;' is not one character",
        "quotation marks",
    ),
    "decimal is thousands": (
        _of_contacts("{decimal: ',', thousands: ','}"),
        "mapping.yml: crm/contacts",
        "both ','",
        "Correct one of them",
    ),
    "header row 0": (
        _of_contacts("header_row: 0"),
        "mapping.yml: crm/contacts",
        "header_row 0 is not the number of a line",
        "The first line is 1",
    ),
    "header row beyond the file": (
        _of_contacts("header_row: 9"),
        "contacts.csv",
        "has no line 9",
        "Correct `header_row`",
    ),
    "header row beyond the sheet": (
        {**_of_contacts("header_row: 9"), "crm/contacts.csv": None, "crm/contacts.xlsx": workbook(("A", ROWS))},
        "contacts.xlsx",
        "has no row 9",
        "Correct `header_row`",
    ),
    "pattern without a file": (
        _of_contacts("files: ['Danh sách*.csv']"),
        "mapping.yml: crm/contacts",
        "no file matches Danh sách*.csv",
        "put the file into",
    ),
    "columns and constants": (
        _of_contacts("{columns: {email: email}, constants: {email: a@example.com}}"),
        "mapping.yml: crm/contacts",
        "email is both in columns and in constants",
        "Remove one of them",
    ),
    "values without a column": (
        _of_contacts("values: [a, b]"),
        "mapping.yml: crm/contacts",
        "values: must have the form",
        "column: {their value: our value}",
    ),
    "mapping in UTF-16": (
        {"mapping.yml": "tables: {}\n".encode("utf-16"), "crm/contacts.csv": CONTACTS},
        "mapping.yml",
        "not readable as YAML",
        "Save it as UTF-8",
    ),
    # adapters
    "adapter": (
        _mapping("adapters:\n  - {adapter: shopfy, folder: export}\n"),
        "mapping.yml: adapters: shopfy",
        "no adapter shopfy",
        "adapters/README.md",
    ),
    "adapters that are no list": (
        _mapping("adapters: {adapter: tool}\n"),
        "mapping.yml: adapters",
        "must be a list",
        "- adapter: <tool>",
    ),
    "neither folder nor schema": (
        _mapping("adapters:\n  - {adapter: tool}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "exactly one of `folder:`",
        "`schema:`",
    ),
    "word of an adapter": (
        _mapping(f"{_TOOL}, foldr: x}}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "foldr is not a key",
        "Did you mean folder?",
    ),
    "no folder of an export": (
        _mapping("adapters:\n  - {adapter: tool, folder: exprt, timezone: UTC}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "no folder",
        "Put the export there",
    ),
    "empty folder of an export": (
        {**_mapping(f"{_TOOL}, timezone: UTC}}\n", **TOOL), "export/people.csv": None, "export/readme.txt": "x"},
        "mapping.yml: adapters: tool",
        "holds no export",
        "Put its files there",
    ),
    "export of another tool": (
        _mapping(f"{_TOOL}, timezone: UTC}}\n", **TOOL | {"export/people.csv": "Name,Since\nMai,2026\n"}),
        "mapping.yml: adapters: tool",
        "holds no export of Tool",
        "people (Person, Joined)",
    ),
    "no time zone": (
        _mapping(f"{_TOOL}}}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "Tool writes local times",
        "timezone: Europe/Paris",
    ),
    "variable": (
        _mapping(f"{_TOOL}, timezone: UTC, variables: {{curency: VND}}}}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "has no variable curency",
        "Did you mean currency?",
    ),
    "SELECT that fails": (
        _mapping(
            f"{_TOOL}, timezone: UTC}}\n", **TOOL | {"tool/crm/contacts.sql": "select Nme as contact_id from people"}
        ),
        "mapping.yml: adapters: tool",
        "tool/crm/contacts.sql fails",
        "Nme",
    ),
    "SELECT of no table": (
        _mapping(f"{_TOOL}, timezone: UTC}}\n", **TOOL | {"tool/crm/contact.sql": "select 1 as a"}),
        "contact.sql",
        "no raw table crm/contact",
        "Did you mean crm/contacts?",
    ),
    "SELECT of no column": (
        _mapping(
            f"{_TOOL}, timezone: UTC}}\n", **TOOL | {"tool/crm/contacts.sql": "select Person as contactid from people"}
        ),
        "contacts.sql",
        "no column contactid",
        "Did you mean contact_id?",
    ),
    "description of an adapter": (
        _mapping(f"{_TOOL}, timezone: UTC}}\n", **TOOL | {"tool/adapter.yml": "name: Tool\n"}),
        "adapter.yml",
        "is not a valid description of an adapter",
        "adapters/README.md",
    ),
    "export that two entries name": (
        _mapping(f"{_TOOL}, timezone: UTC}}\n{_TOOL.partition(chr(10))[2]}, timezone: UTC}}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "two entries name export",
        "Remove one of them",
    ),
    "adapter that says what it needs": (
        _mapping(
            f"{_TOOL}, timezone: UTC}}\n",
            **TOOL
            | {"tool/crm/contacts.sql": "select error('Tool has no ids. Export them.') as contact_id from people"},
        ),
        "mapping.yml: adapters: tool",
        "tool: Tool has no ids",
        "Export them.",
    ),
    "names that YAML reads as no": (
        _mapping(
            f"{_TOOL}, timezone: UTC}}\n",
            **TOOL | {"tool/adapter.yml": "name: Tool\ninputs:\n  people:\n    recognised_by: [No]\n"},
        ),
        "adapter.yml: people: recognised_by",
        "YAML reads as a number, yes or no",
        "between quotation marks",
    ),
    # settings
    "settings under another name": (
        {"vars.yaml": "lapse_days: 90\n", "crm/contacts.csv": CONTACTS},
        "vars.yaml",
        "would not be read under this name",
        "Rename it to vars.yml",
    ),
    "setting twice": (
        _settings("lapse_days: 90\nlapse_days: 91\n"),
        "vars.yml",
        "lapse_days stands here for the second time",
        "line 2",
    ),
    "setting": (
        _settings("reporting_curency: VND\n"),
        "vars.yml",
        "no setting reporting_curency",
        "Did you mean reporting_currency?",
    ),
    "kind of a setting": (_settings("lapse_days: half a year\n"), "vars.yml", "lapse_days", "must be a whole number"),
    "zone of reports": (
        _settings("reporting_timezone: Asia/HoChiMinh\n"),
        "vars.yml",
        "'Asia/HoChiMinh' is not an IANA time zone",
        "Asia/Ho_Chi_Minh",
    ),
    "framework": (_settings("primary_framework: adahub\n"), "vars.yml", "'adahub' is not a framework", "adahub_crm"),
    "currency": (
        _settings("reporting_currency: dong\n"),
        "vars.yml",
        "'dong' is not a currency code",
        "for example USD",
    ),
    "settings that are a list": (_settings("- lapse_days\n"), "vars.yml", "Write lines of the form", "setting: value"),
    # what lies in the folder
    "products alone": (
        {"orders/products.csv": "product_id,product_name\n1,Lamp\n"},
        "raw",
        "is there, only orders/products; a build needs one of them",
        "journey init",
    ),
    "mapping without a main table": (
        {"mapping.yml": "tables: {}\n", "orders.csv": "a,b\n1,2\n"},
        "raw",
        "none of the tables",
        "complete its entry in mapping.yml",
    ),
    "day that is none": (
        _settings("earliest_date: 2026-02-30\n"),
        "vars.yml",
        "not readable as YAML",
        "day is out of range",
    ),
    "nothing": ({}, "raw", "none of the tables", "journey init"),
    "files beside their folders": (
        {"contacts.csv": CONTACTS},
        "raw",
        "none of the tables",
        "Add for example orders/orders.csv",
    ),
    "another name of a table": (
        {"crm/customers.csv": CONTACTS},
        "raw",
        "none of the tables",
        "Add for example orders/orders.csv",
    ),
    "capitals in a name": (
        {"crm/Contacts.csv": CONTACTS},
        "Contacts.csv",
        "is not read under this name",
        "Rename it to",
    ),
    "a suffix that nobody reads": (
        _contacts("<x/>", ".xml"),
        "contacts",
        "none of the files of table crm/contacts can be read (contacts.xml)",
        "Export the table as one of these",
    ),
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse."""
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        yield connection


def _land(connection: duckdb.DuckDBPyConnection, raw: Path, files: Files) -> LandingReport:
    raw.mkdir()
    for path, content in files.items():
        if content is not None:
            file = raw / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
    read_settings(raw, None, datetime(2026, 6, 30, tzinfo=UTC))
    return land(connection, raw, lambda table, share: None)


@pytest.mark.parametrize(("files", "where", "wrong", "then"), BROKEN.values(), ids=BROKEN)
def test_one_line_says_where_what_and_what_to_do(
    files: Files, where: str, wrong: str, then: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """The line names the place, the problem and the remedy, so that nobody has to find out by trying."""
    with pytest.raises(InputError) as refused:
        _land(warehouse, tmp_path / "raw", files)
    line = plain_line(str(refused.value))
    print(line.replace(str(tmp_path), ""))
    assert where in line and wrong in line and then in line, line
    assert len(line.replace(str(tmp_path), "")) <= 400, line


USABLE: dict[str, Files] = {
    "header in capitals": _contacts(CONTACTS.replace(HEADER, HEADER.upper())),
    "blanks around names": _contacts(CONTACTS.replace("email,", " email , ")),
    "byte order mark": _contacts(f"\ufeff{CONTACTS}"),
    "lines of Windows, and blank ones at the end": _contacts(CONTACTS.replace("\n", "\r\n") + "\r\n\r\n"),
    "separator in Excel's first line": {
        **_of_contacts("delimiter: ;"),
        "crm/contacts.csv": f"sep=;\n{CONTACTS.replace(',', ';')}",
    },
    "title row that is told": {**_of_contacts("header_row: 2"), "crm/contacts.csv": f"Danh sách\n{CONTACTS}"},
    "Windows-1258 that is told": {
        **_of_contacts("encoding: cp1258"),
        "crm/contacts.csv": CONTACTS.replace("mai@", "Đà@").encode("cp1258"),
    },
    "UTF-16 that is told": {**_of_contacts("encoding: utf-16"), "crm/contacts.csv": CONTACTS.encode("utf-16")},
    "newer workbook called .xls": _contacts(workbook(("May", ROWS)), ".xls"),
    "one sheet among empty ones": _contacts(workbook(("May", ROWS), ("June", [])), ".xlsx"),
    "wrapped JSON": _contacts('{"data": [{"contact_id": "1", "created_at": "2026-01-01"}]}', ".json"),
    "gzip": _contacts(gzip.compress(CONTACTS.encode()), ".csv.gz"),
    "two byte order marks": _contacts(f"\ufeff\ufeff{CONTACTS}"),
    "byte order mark of JSON": _contacts('\ufeff[{"contact_id": "1", "created_at": "2026-01-01"}]', ".json"),
    "JSON in UTF-16 that is told": {
        **_of_contacts("encoding: utf-16"),
        "crm/contacts.csv": None,
        "crm/contacts.json": '[{"contact_id": "1", "created_at": "2026-01-01"}]'.encode("utf-16"),
    },
    "name of a column over two lines": {
        **_of_contacts('columns: {contact_id: "Contact\\nid"}'),
        "crm/contacts.csv": CONTACTS.replace("contact_id", '"Contact\nid"'),
    },
    "another name over two lines": _contacts(CONTACTS.replace("email", '"e\nmail"')),
    "value nested deeply": _contacts(
        '{"contact_id": "1", "created_at": "2026-01-01", "x": ' + "[" * 3000 + "]" * 3000 + "}", ".json"
    ),
    "header of two rows": {
        **_of_contacts("header_row: 2"),
        "crm/contacts.csv": "contact_id,Person,\n,email,created_at\n1,mai@example.com,2026-01-01\n",
    },
}


@pytest.mark.parametrize("files", USABLE.values(), ids=USABLE)
def test_what_can_be_read_is_not_refused(
    files: Files, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:  # fmt: skip
    """Files that can be read are accepted: a check must not refuse good files."""
    _land(warehouse, tmp_path / "raw", files)
    assert warehouse.execute("select contact_id, created_at from raw_crm.contacts").fetchall() == [("1", "2026-01-01")]


@pytest.mark.parametrize("content", ["[]", "{}", '{"contacts": []}', "[{}]"])
def test_json_without_a_record_is_a_table_without_rows(
    content: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """JSON without records, as an API returns on a quiet day, is an empty table, and the summary says so."""
    report = _land(warehouse, tmp_path / "raw", {"crm/contacts.csv": CONTACTS, "orders/orders.json": content})
    assert warehouse.execute("select count(*) from raw_orders.orders").fetchall() == [(0,)]
    assert report.drift == ["orders/orders: orders/orders.json holds no record"]


def test_cells_with_an_error_are_told(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Cells with an error read as empty, so the summary counts them; a number without an end is no whole number."""
    book = workbook(("May", [*ROWS, ["2", "nam@example.com", "2026-01-02"]]))
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    cell = '<c r="B2" t="inlineStr"><is><t>mai@example.com</t></is></c>'
    other = '<c r="B3" t="inlineStr"><is><t>nam@example.com</t></is></c>'
    sheet = "xl/worksheets/sheet1.xml"
    assert cell in parts[sheet] and other in parts[sheet]
    parts[sheet] = parts[sheet].replace(cell, '<c r="B2" t="e"><v>#N/A</v></c>')
    parts[sheet] = parts[sheet].replace(other, '<c r="B3"><v>1e400</v></c>')
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    report = _land(warehouse, tmp_path / "raw", {"crm/contacts.xlsx": content.getvalue()})
    assert warehouse.execute("select contact_id, email from raw_crm.contacts order by 1").fetchall() == [
        ("1", None), ("2", "inf"),
    ]  # fmt: skip
    assert report.drift == ["crm/contacts.xlsx: 1 cell holds an error such as #N/A; they are read as empty"]


def test_many_unknown_columns_take_few_lines(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    names = ["y" * 300, *(f"c{number}" for number in range(300))]
    header, row = ",".join(["contact_id", "created_at", *names]), ",".join(["1", "2026-01-01", *names])
    report = _land(warehouse, tmp_path / "raw", _contacts(f"{header}\n{row}\n"))
    assert len(report.drift) == 13
    assert report.drift[0] == f"crm/contacts: unknown column {'y' * 100}… (contacts.csv), not read"
    assert report.drift[-1] == "crm/contacts: 289 more unknown columns (contacts.csv), not read"


def test_what_systems_and_programs_leave_in_folders_is_no_file(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Files that systems and office programs leave in folders, such as lock files and thumbnails, are ignored."""
    left = ("~$2026.xlsx", "Thumbs.db", "desktop.ini", ".DS_Store", ".~lock.2026.csv#", "__MACOSX/._2026.csv")
    files: Files = {f"{folder}{name}": "x" for folder in ("", "crm/", "crm/contacts/") for name in left}
    report = _land(warehouse, tmp_path / "raw", {**files, "crm/contacts/2026.csv": CONTACTS})
    assert report.drift == []
    assert warehouse.execute("select count(*) from raw_crm.contacts").fetchall() == [(1,)]
