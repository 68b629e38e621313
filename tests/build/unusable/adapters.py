"""Adapters, and entries of mapping.yml for them, that cannot be followed."""

from tests.build.unusable.contents import TOOL, USE_OF_TOOL, Broken, mapping

BROKEN: Broken = {
    "adapter": (
        mapping("adapters:\n  - {adapter: shopfy, folder: export}\n"),
        "mapping.yml: adapters: shopfy",
        "no adapter shopfy",
        "adapters/README.md",
    ),
    "adapters that are no list": (
        mapping("adapters: {adapter: tool}\n"),
        "mapping.yml: adapters",
        "must be a list",
        "- adapter: <tool>",
    ),
    "neither folder nor schema": (
        mapping("adapters:\n  - {adapter: tool}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "exactly one of `folder:`",
        "`schema:`",
    ),
    "word of an adapter": (
        mapping(f"{USE_OF_TOOL}, foldr: x}}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "foldr is not a key",
        "Did you mean folder?",
    ),
    "no folder of an export": (
        mapping("adapters:\n  - {adapter: tool, folder: exprt, timezone: UTC}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "no folder",
        "Put the export there",
    ),
    "empty folder of an export": (
        {**mapping(f"{USE_OF_TOOL}, timezone: UTC}}\n", **TOOL), "export/people.csv": None, "export/readme.txt": "x"},
        "mapping.yml: adapters: tool",
        "holds no export",
        "Put its files there",
    ),
    "export of another tool": (
        mapping(f"{USE_OF_TOOL}, timezone: UTC}}\n", **TOOL | {"export/people.csv": "Name,Since\nMai,2026\n"}),
        "mapping.yml: adapters: tool",
        "holds no export of Tool",
        "people (Person, Joined)",
    ),
    "no time zone": (
        mapping(f"{USE_OF_TOOL}}}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "Tool writes local times",
        "timezone: Europe/Paris",
    ),
    "variable": (
        mapping(f"{USE_OF_TOOL}, timezone: UTC, variables: {{curency: VND}}}}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "has no variable curency",
        "Did you mean currency?",
    ),
    "variable of an adapter without any": (
        mapping(
            f"{USE_OF_TOOL}, timezone: UTC, variables: {{currency: VND}}}}\n",
            **TOOL | {"tool/adapter.yml": TOOL["tool/adapter.yml"].replace("variables: {currency: null}\n", "")},
        ),
        "mapping.yml: adapters: tool",
        "has no variable currency",
        "Remove `variables`",
    ),
    "SELECT that fails": (
        mapping(
            f"{USE_OF_TOOL}, timezone: UTC}}\n",
            **TOOL | {"tool/crm/contacts.sql": "select Nme as contact_id from people"},
        ),
        "mapping.yml: adapters: tool",
        "tool/crm/contacts.sql fails",
        "Nme",
    ),
    "SELECT of no table": (
        mapping(f"{USE_OF_TOOL}, timezone: UTC}}\n", **TOOL | {"tool/crm/contact.sql": "select 1 as a"}),
        "contact.sql",
        "no raw table crm/contact",
        "Did you mean crm/contacts?",
    ),
    "SELECT of no column": (
        mapping(
            f"{USE_OF_TOOL}, timezone: UTC}}\n",
            **TOOL | {"tool/crm/contacts.sql": "select Person as contactid from people"},
        ),
        "contacts.sql",
        "no column contactid",
        "Did you mean contact_id?",
    ),
    "description of an adapter": (
        mapping(f"{USE_OF_TOOL}, timezone: UTC}}\n", **TOOL | {"tool/adapter.yml": "name: Tool\n"}),
        "adapter.yml",
        "is not a valid description of an adapter (it lacks the key inputs)",
        "adapters/README.md",
    ),
    "description of an adapter that is a list": (
        mapping(f"{USE_OF_TOOL}, timezone: UTC}}\n", **TOOL | {"tool/adapter.yml": "- name: Tool\n"}),
        "adapter.yml",
        "is not a valid description of an adapter (a part of it is not of the form `key: value`)",
        "adapters/README.md",
    ),
    "export that two entries name": (
        mapping(f"{USE_OF_TOOL}, timezone: UTC}}\n{USE_OF_TOOL.partition(chr(10))[2]}, timezone: UTC}}\n", **TOOL),
        "mapping.yml: adapters: tool",
        "two entries name export",
        "Remove one of them",
    ),
    "adapter that says what it needs": (
        mapping(
            f"{USE_OF_TOOL}, timezone: UTC}}\n",
            **TOOL
            | {"tool/crm/contacts.sql": "select error('Tool has no ids. Export them.') as contact_id from people"},
        ),
        "mapping.yml: adapters: tool",
        "tool: Tool has no ids",
        "Export them.",
    ),
    "names that YAML reads as no": (
        mapping(
            f"{USE_OF_TOOL}, timezone: UTC}}\n",
            **TOOL | {"tool/adapter.yml": "name: Tool\ninputs:\n  people:\n    recognised_by: [No]\n"},
        ),
        "adapter.yml: people: recognised_by",
        "YAML reads as a number, yes or no",
        "between quotation marks",
    ),
}
