"""Workbooks, and other files that are called so."""

from tests.build.unusable.contents import (
    CONTACTS,
    ROWS,
    Broken,
    contacts,
    mapped_contacts,
    protected_workbook,
    workbook,
)

BROKEN: Broken = {
    "cell at the end of the sheet": (
        contacts(
            workbook(
                ("May", ROWS),
                below='<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>',
            ),
            ".xlsx",
        ),
        "contacts.xlsx",
        "in use up to row 1,048,576 and column 16,384",
        "Delete what stands far below or right of the table",
    ),
    **{
        f"cell beyond any sheet, {name}": (
            contacts(workbook(("May", ROWS), below=below), ".xlsx"),
            "contacts.xlsx",
            f"in use up to row {row} and column {column}",
            "Delete what stands far below or right of the table",
        )
        for name, below, row, column in (
            (
                "by its row and column",
                '<row r="99999999"><c r="ZZZZ99999999"><v>1</v></c></row>',
                "99,999,999",
                "475,254",
            ),
            ("by its row alone", '<row r="99999999"><c><v>1</v></c></row>', "99,999,999", "3"),
            ("in small letters", "<row r='5'><c\tr='zzzzzzzz5'><v>1</v></c></row>", "5", "321,272,406"),
        )
    },
    "two sheets": (
        contacts(workbook(("May", ROWS), ("June", ROWS)), ".xlsx"),
        "contacts.xlsx",
        "has the sheets May, June",
        "`sheet: May`, or run `journey init`",
    ),
    "sheet that is not there": (
        {
            **mapped_contacts("sheet: Juen"),
            "crm/contacts.xlsx": workbook(("May", ROWS), ("June", ROWS)),
            "crm/contacts.csv": None,
        },
        "contacts.xlsx",
        "has no sheet Juen",
        "Did you mean June?",
    ),
    "empty sheet": (contacts(workbook(("May", [])), ".xlsx"), "contacts.xlsx", "is empty", "Export it again"),
    "password": (contacts(protected_workbook(), ".xlsx"), "contacts.xlsx", "password", "Remove the password"),
    "password on what is called .xls": (
        contacts(protected_workbook(), ".xls"),
        "contacts.xls",
        "password",
        "Remove the password",
    ),
    "workbook cut off": (
        contacts(workbook(("May", ROWS))[:-40], ".xlsx"),
        "contacts.xlsx",
        "cannot be read as a sheet",
        "ave it again",
    ),
    "text called .xlsx": (contacts(CONTACTS, ".xlsx"), "contacts.xlsx", "is text", "Rename it"),
    "web page called .xls": (
        contacts("<html><table><tr><td>contact_id</td></tr></table></html>", ".xls"),
        "contacts.xls",
        "is a web page",
        "save it as .xlsx",
    ),
    "title row in a sheet": (
        contacts(workbook(("May", [["Danh sách"], *ROWS])), ".xlsx"),
        "contacts.xlsx",
        "row 2",
        "header_row: 2",
    ),
    "PDF": (contacts(b"%PDF-1.7\n%\xe2\xe3", ".xlsx"), "contacts.xlsx", "is a PDF", "Export the rows"),
    "XML called .xls": (
        contacts('<?xml version="1.0"?><Workbook/>', ".xls"),
        "contacts.xls",
        "is XML",
        "save it as .xlsx",
    ),
    "column twice in a sheet": (
        contacts(workbook(("May", [["contact_id", "email", "Email"]])), ".xlsx"),
        "contacts.xlsx",
        "twice",
        "Rename or remove one",
    ),
}
