"""mapping.yml that cannot be followed."""

from tests.build.unusable.contents import CONTACTS, ROWS, Broken, mapped_contacts, mapping, workbook

BROKEN: Broken = {
    "export that is called mapping.yml": (
        mapping(f"# {'a' * 5_000_000}\n"),
        "mapping.yml",
        "has 5 MB, which is no file of settings",
        "Correct or remove it",
    ),
    "table twice": (
        mapping("tables:\n  crm/contacts: {delimiter: ';'}\n  crm/contacts: {delimiter: ','}\n"),
        "mapping.yml",
        "line 3, column 3: crm/contacts stands here for the second time",
        "join both or remove one",
    ),
    "mapping under another name": (
        {"mapping.yaml": "tables: {}\n", "crm/contacts.csv": CONTACTS},
        "mapping.yaml",
        "would not be read under this name",
        "Rename it to mapping.yml",
    ),
    "columns the wrong way round": (
        mapped_contacts("columns: {Kundennummer: contact_id}"),
        "mapping.yml: crm/contacts",
        "Kundennummer and contact_id are swapped",
        "`contact_id: Kundennummer`",
    ),
    "name that YAML reads as no": (
        mapped_contacts("columns: {contact_id: No}"),
        "mapping.yml: crm/contacts: columns: contact_id",
        "YAML reads No",
        "between quotation marks",
    ),
    "column to count by that is none": (
        mapped_contacts("one_row_per: contactid"),
        "mapping.yml: crm/contacts: one_row_per",
        "no column contactid",
        "Did you mean contact_id?",
    ),
    "pattern that is a folder": (
        mapped_contacts("files: [crm]"),
        "mapping.yml: crm/contacts",
        "no file matches crm, which is a folder",
        "write crm/*",
    ),
    "pattern that is nearly a file": (
        mapped_contacts("files: [crm/contact.csv]"),
        "mapping.yml: crm/contacts",
        "no file matches crm/contact.csv",
        "Did you mean crm/contacts.csv?",
    ),
    "format that is a number": (
        mapped_contacts("date_format: 20260101"),
        "mapping.yml: crm/contacts",
        "must be a text",
        "between quotation marks",
    ),
    "prefix that is a list": (
        mapped_contacts("id_prefix: [a]"),
        "mapping.yml: crm/contacts",
        "id_prefix ['a'] is not a text",
        "between quotation marks",
    ),
    "file of two prefixes": (
        mapping(
            "tables:\n  crm/contacts:\n    - {files: [crm/contacts.csv]}\n    - {files: ['crm/*'], id_prefix: b-}\n"
        ),
        "mapping.yml: crm/contacts",
        "two entries name crm/contacts.csv with different id_prefix",
        "Remove it from the files of one of them",
    ),
    "no YAML": (mapping("tables: [1, 2\n"), "mapping.yml", "not readable as YAML", "line 2"),
    "tab in YAML": (mapping("tables:\n\tcrm/contacts: {}\n"), "mapping.yml", "not readable as YAML", "line 2"),
    "a list": (mapping("- crm/contacts\n"), "mapping.yml", "must hold `tables:` or `adapters:`", "docs/mapping.md"),
    "word at the top": (mapping("table: {}\n"), "mapping.yml", "table is not a key", "Did you mean tables?"),
    "table": (
        mapping("tables:\n  crm/contact: {}\n"),
        "mapping.yml",
        "no raw table crm/contact",
        "Did you mean crm/contacts?",
    ),
    "word": (
        mapped_contacts("delimeter: ';'"),
        "mapping.yml: crm/contacts",
        "delimeter is not a key",
        "Did you mean delimiter?",
    ),
    "column of the contract": (
        mapped_contacts("columns: {contactid: Mã}"),
        "mapping.yml: crm/contacts",
        "no column contactid",
        "Did you mean contact_id?",
    ),
    "column of the file": (
        mapped_contacts("columns: {email: e-mial}"),
        "contacts.csv",
        "has no column 'e-mial'",
        "Did you mean email?",
    ),
    "time zone": (
        mapped_contacts("timezone: Asia/Ho_Chi_Min"),
        "mapping.yml: crm/contacts",
        "'Asia/Ho_Chi_Min' is not an IANA time zone",
        "Did you mean Asia/Ho_Chi_Minh?",
    ),
    "offset for a zone": (
        mapped_contacts("timezone: '+07:00'"),
        "mapping.yml: crm/contacts",
        "is not an IANA time zone",
        "Write for example Asia/Ho_Chi_Minh",
    ),
    "encoding": (
        mapped_contacts("encoding: windos-1258"),
        "mapping.yml: crm/contacts",
        "encoding 'windos-1258' is unknown",
        "such as utf-8 or cp1258",
    ),
    "encoding of another file": (
        mapped_contacts("encoding: utf-16"),
        "contacts.csv",
        "is not written in utf-16",
        "Correct `encoding`",
    ),
    "UTF-8 called otherwise": (
        {
            **mapped_contacts("encoding: cp1258"),
            "crm/contacts.csv": "contact_id,full_name,created_at\n1,Nguyễn Thị Hồng Hạnh,2026-01-01\n",
        },
        "contacts.csv",
        "is written in UTF-8, not in cp1258",
        "Remove `encoding`",
    ),
    "date format": (
        mapped_contacts("date_format: dd/mm/yyyy"),
        "mapping.yml: crm/contacts",
        "'dd/mm/yyyy' is not understood",
        "%d/%m/%Y",
    ),
    "two characters": (
        mapped_contacts("delimiter: ';;'"),
        "mapping.yml: crm/contacts",
        "delimiter ';;' is not one character",
        "quotation marks",
    ),
    "decimal is thousands": (
        mapped_contacts("{decimal: ',', thousands: ','}"),
        "mapping.yml: crm/contacts",
        "both ','",
        "Correct one of them",
    ),
    "header row 0": (
        mapped_contacts("header_row: 0"),
        "mapping.yml: crm/contacts",
        "header_row 0 is not the number of a line",
        "The first line is 1",
    ),
    "header row beyond the file": (
        mapped_contacts("header_row: 9"),
        "contacts.csv",
        "has no line 9",
        "Correct `header_row`",
    ),
    "header row beyond the sheet": (
        {**mapped_contacts("header_row: 9"), "crm/contacts.csv": None, "crm/contacts.xlsx": workbook(("A", ROWS))},
        "contacts.xlsx",
        "has no row 9",
        "Correct `header_row`",
    ),
    "pattern without a file": (
        mapped_contacts("files: ['Danh sách*.csv']"),
        "mapping.yml: crm/contacts",
        "no file matches Danh sách*.csv",
        "put the file into",
    ),
    "columns and constants": (
        mapped_contacts("{columns: {email: email}, constants: {email: a@example.com}}"),
        "mapping.yml: crm/contacts",
        "email is both in columns and in constants",
        "Remove one of them",
    ),
    "values without a column": (
        mapped_contacts("values: [a, b]"),
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
    "date format with an unknown sign": (
        mapped_contacts('date_format: "%d/%m/%Y %Q"'),
        "mapping.yml: crm/contacts",
        "'%d/%m/%Y %Q' is not understood",
        "%d/%m/%Y",
    ),
    "name that is a list": (
        mapping("tables:\n  [crm/contacts]: {id_prefix: a}\n"),
        "mapping.yml",
        "line 2, column 3: a list or mapping stands where a name belongs",
        "Correct that line",
    ),
    "NUL in a text": (
        mapped_contacts('id_prefix: "a\\0"'),
        "mapping.yml",
        "line 3, column 16: a text holds a NUL",
        "Correct that line",
    ),
    "half an emoji in a text": (
        mapped_contacts('files: "\\ud83d.csv"'),
        "mapping.yml",
        "line 3, column 12: a text holds a NUL or half an emoji, as \\uD83D alone is: write the whole character",
        "Correct that line",
    ),
    "list of time zones": (
        mapped_contacts("timezone: [Asia/Ho_Chi_Minh]"),
        "mapping.yml: crm/contacts",
        "is not an IANA time zone",
        "Did you mean Asia/Ho_Chi_Minh?",
    ),
    "encoding of bytes": (
        mapped_contacts("encoding: hex"),
        "mapping.yml: crm/contacts",
        "encoding 'hex' is unknown",
        "such as utf-8",
    ),
    **{
        f"encoding of no file, {name}": (
            mapped_contacts(f"encoding: {name}"),
            "mapping.yml: crm/contacts",
            f"encoding '{name}' is unknown",
            "such as utf-8",
        )
        for name in ("idna", "punycode", "unicode_escape", "raw_unicode_escape")
    },
    "header far below": (
        mapped_contacts("header_row: 10000000"),
        "mapping.yml: crm/contacts",
        "header_row 10,000,000 is more than 10,000, the most",
        "Correct it",
    ),
    "lists within lists": (
        mapping(f"tables:\n  crm/contacts: {'[' * 3000}{']' * 3000}\n"),
        "mapping.yml",
        "line 2, column 65: more than 50 lists and mappings stand within each other",
        "Correct that line",
    ),
    "formula of many brackets": (
        mapping(f'tables:\n  orders/orders:\n    computed: {{total_amount: "{"(" * 3000}[a]{")" * 3000}"}}\n'),
        "mapping.yml: orders/orders: computed: total_amount",
        "has more than 200 columns, numbers and signs",
        'Write for example "[Quantity] * [Price]"',
    ),
    "formula of brackets within each other": (
        mapping(f'tables:\n  orders/orders:\n    computed: {{total_amount: "{"(" * 21}[a]{")" * 21}"}}\n'),
        "mapping.yml: orders/orders: computed: total_amount",
        "more than 20 brackets stand within each other",
        'Write for example "[Quantity] * [Price]"',
    ),
    "encoding that always fails": (
        mapped_contacts("encoding: undefined"),
        "mapping.yml: crm/contacts",
        "encoding 'undefined' is unknown",
        "such as utf-8",
    ),
}
