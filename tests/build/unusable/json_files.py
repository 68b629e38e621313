"""JSON that cannot be read."""

import gzip
import json

from tests.build.unusable.contents import Broken, contacts

BROKEN: Broken = {
    "pages in pages in pages": (
        contacts('{"a": ' * 1000 + "[]" + "}" * 1000, ".json"),
        "contacts.json",
        "its records lie in more than 20 levels of objects",
        "Export a list of them",
    ),
    "keys that are values": (
        contacts(
            json.dumps([{"contact_id": "1", "created_at": "2026-01-01", f"k{number}": 1} for number in range(2000)]),
            ".json",
        ),
        "contacts.json",
        "has 2,002 different keys, but at most 2,000 are read",
        "one row for each record",
    ),
    "scalars": (contacts("[1, 2]", ".json"), "contacts.json", "record 1 is not an object", "Export objects, or CSV"),
    "lines of texts": (
        contacts('"a"\n"b"\n', ".ndjson"),
        "contacts.ndjson",
        "record 1 is not an object",
        "Export objects, or CSV",
    ),
    "an array of JSON cut off": (
        contacts('[{"contact_id": "1", "created_at": "2026', ".json"),
        "contacts.json",
        "cannot be read as JSON",
        "Export it again",
    ),
    "JSON cut off": (
        contacts('[{"contact_id": "1", "created_at": "2026-01-01"},\n{"contact_id": "2"', ".json"),
        "contacts.json",
        "cannot be read as JSON",
        "Export it again",
    ),
    "an array of JSON cut off between its lines": (
        contacts('[\n{"contact_id": "1", "created_at": "2026-01-01"},\n{"contact_id": "2"}\n', ".json"),
        "contacts.json",
        "cannot be read as JSON",
        "Export it again",
    ),
    "no byte of JSON": (contacts("", ".json"), "contacts.json", "is empty", "Export it again"),
    "JSON without a column": (
        contacts('[{"contact_id": "1", "createdAt": "2026-01-01"}]', ".json"),
        "contacts.json",
        "lacks the required column created_at",
        "createdAt",
    ),
    "two lists": (
        contacts('{"people": [{"contact_id": "1"}], "orders": []}', ".json"),
        "contacts.json",
        "holds several lists of records ('orders', 'people')",
        "Keep only the one of crm/contacts in this file",
    ),
    "JSON gzip cut off": (
        contacts(gzip.compress(b'[{"contact_id": "1"}]' * 9)[:-15], ".json.gz"),
        "contacts.json.gz",
        "cannot be read as JSON",
        "Export it again",
    ),
    "comma at the end of JSON": (
        contacts('[\n{"contact_id": "1", "created_at": "2026-01-01"},\n]', ".json"),
        "contacts.json",
        "cannot be read as JSON (line 3, column 1: ",
        "Export it again",
    ),
    "JSON of single quotation marks": (
        contacts("[{'contact_id': '1'}]", ".json"),
        "contacts.json",
        "line 1, column 3: Expecting property name enclosed in double quotes",
        "Export it again",
    ),
    "JSON in UTF-16": (
        contacts('[{"contact_id": "1", "created_at": "2026-01-01"}]'.encode("utf-16"), ".json"),
        "contacts.json",
        "UTF-16",
        "Save it as UTF-8",
    ),
    "error of an API": (
        contacts('{"error": {"code": 401, "message": "Unauthorized"}}', ".json"),
        "contacts.json",
        "a request that failed (Unauthorized)",
        "Export it again",
    ),
}
