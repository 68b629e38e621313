"""What the raw folders of the cases in this folder hold."""

import io
import struct
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

Files = Mapping[str, str | bytes | None]
# the content of the raw folder; then the file, the problem and the next step that the message must name
Broken = Mapping[str, tuple[Files, str, str, str]]

HEADER = "contact_id,email,created_at\n"
CONTACTS = f"{HEADER}1,mai@example.com,2026-01-01\n"
# the same rows, for a sheet
ROWS = [["contact_id", "email", "created_at"], ["1", "mai@example.com", "2026-01-01"]]
# an export of an unknown tool, and an own adapter that reads it
TOOL = {
    "tool/adapter.yml": "name: Tool\nneeds_timezone: true\nvariables: {currency: null}\n"
    "inputs:\n  people:\n    recognised_by: [Person, Joined]\n    columns: [Person, Joined]\n",
    "tool/crm/contacts.sql": "select Person as contact_id, Joined as created_at from people\n",
    "export/people.csv": "Person,Joined\n1,2026-01-01\n",
}
USE_OF_TOOL = "adapters:\n  - {adapter: tool, folder: export"


def contacts(content: str | bytes, suffix: str = ".csv") -> Files:
    """Return a folder with this file of contacts alone."""
    return {f"crm/contacts{suffix}": content}


def mapping(text: str, **files: str | bytes | None) -> Files:
    """Return a folder with this mapping.yml, a table of contacts, and more files."""
    return {"mapping.yml": text, "crm/contacts.csv": CONTACTS, **files}


def mapped_contacts(entry: str) -> Files:
    """Return a folder whose mapping.yml has this entry for contacts."""
    return mapping(f"tables:\n  crm/contacts:\n    {entry}\n")


def settings(text: str) -> Files:
    """Return a folder with these settings and a table of contacts."""
    return {"vars.yml": text, "crm/contacts.csv": CONTACTS}


def parquet(**columns: list[str]) -> bytes:
    """Return a Parquet file of text columns."""
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


def workbook(*sheets: tuple[str, list[list[str]]], below: str = "") -> bytes:
    """Return a workbook of Excel: each sheet by its name and rows of texts, with the XML of more rows below them."""
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
                f'<worksheet xmlns="{main}"><sheetData>{cells}{below}</sheetData></worksheet>',
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
