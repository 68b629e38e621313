"""Raw folders without a table that a build could begin with, and files under wrong names."""

from tests.build.unusable.contents import CONTACTS, Broken, contacts

BROKEN: Broken = {
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
    "backslash in a name": (
        {"crm/contacts/\\back.csv": CONTACTS, "crm/contacts/a?.csv": CONTACTS},
        "crm/contacts/\\back.csv",
        "has a backslash in its name, so that a?.csv beside it cannot be read",
        "Rename it",
    ),
    "nothing": ({}, "raw", "none of the tables", "journey init"),
    "files beside their folders": (
        {"contacts.csv": CONTACTS},
        "raw",
        "none of the tables",
        "contacts.csv: not in the folder of a source, so not read. Move it to crm/contacts.csv.",
    ),
    "the folder above": (
        {"data/crm/contacts.csv": CONTACTS},
        "raw",
        "data/crm: not a raw table, so not read. If ",
        "is the raw folder, name it instead of",
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
        contacts("<x/>", ".xml"),
        "contacts",
        "none of the files of table crm/contacts can be read (contacts.xml)",
        "Export the table as one of these",
    ),
}
