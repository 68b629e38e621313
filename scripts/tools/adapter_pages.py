"""A page of the documentation for each adapter: its README, and a reference made from adapter.yml and its SELECTs."""

import re
from collections.abc import Iterator

import duckdb
from customer_journey.contract import EVERY_TABLE_MAY_CARRY, RawTable
from customer_journey.raw.adapters import DESCRIPTION, Adapter, known_adapters, load_adapter, run_selects
from customer_journey.raw.deliveries import takes_prefix
from customer_journey.raw.mapping import AdapterUse, Reading

_VARIABLES = re.compile(r"^variables:[ {\n]")


def adapter_pages() -> dict[str, str]:
    """Return the title of each adapter's page, by the adapter's name and in the order of the titles."""
    titles = {name: load_adapter(folder).name for name, folder in known_adapters().items()}
    return dict(sorted(titles.items(), key=lambda pair: pair[1].casefold()))


def adapter_page(name: str) -> str:
    """Return the page of an adapter as Markdown."""
    folder = known_adapters()[name]
    adapter = load_adapter(folder)
    readme = (folder / "README.md").read_text(encoding="utf-8").rstrip()
    return f"{readme}\n\n" + "\n".join(_reference(adapter)) + "\n"


def adapter_list() -> str:
    """Return a table of all adapters as Markdown, for the page that introduces them."""
    lines = ["## The tools", "", "| tool | raw tables that its export fills |", "|---|---|"]
    for name, title in adapter_pages().items():
        tables = _names([table.label for table in load_adapter(known_adapters()[name]).selects])
        lines.append(f"| [{title}]({name}/README.md) | {tables} |")
    return "\n".join(lines) + "\n"


def _reference(adapter: Adapter) -> Iterator[str]:
    made = _columns_made(adapter)
    yield "## Reference"
    yield ""
    yield f"This part is made from `adapters/{adapter.folder.name}/{DESCRIPTION}` and its SELECTs."
    yield ""
    yield "### Which export to take"
    yield ""
    yield "`journey init` recognises a file by the columns in the last column of this table."
    yield ""
    yield "| input | where it comes from | recognised by |"
    yield "|---|---|---|"
    for one in adapter.inputs:
        yield f"| `{one.name}` | {_cell(one.description)} | {', '.join(f'`{name}`' for name in one.recognised_by)} |"
    yield ""
    yield "### Which raw tables it fills"
    yield ""
    yield "The columns on the right are not filled: the export does not tell them, or the adapter does not read them."
    yield ""
    yield "| raw table | read from | columns that stay empty |"
    yield "|---|---|---|"
    for table, select in adapter.selects.items():
        inputs = [one.name for one in adapter.inputs if one.name in adapter.inputs_of(select)]
        empty = [name for name in table.columns if name not in made[table]]
        yield f"| `{table.label}` | {_names(inputs)} | {_names(empty) or 'none'} |"
    yield ""
    yield "### Time zone, ids and variables"
    yield ""
    yield f"- **Time zone** of times without an offset: {_timezone(adapter)}"
    prefixed = sorted({name for table in made for name in made[table] if takes_prefix(name)})
    if prefixed:
        identities = any("identifier_value" in made[table] for table in made)
        also = ", and of `identifier_value` where `identifier_type` is `contact_id`" if identities else ""
        yield f"- **`id_prefix`**, if set in `mapping.yml`, goes before the values of {_names(prefixed)}{also}."
    else:
        yield "- **`id_prefix`** changes nothing: these are ids of ads and campaigns, which never get a prefix."
    for name, (default, comment) in _variables(adapter).items():
        value = f"`{default}`" if default is not None else "none"
        yield f"- **Variable `{name}`**, default {value}{f': {_cell(comment)}' if comment else ''}"


def _timezone(adapter: Adapter) -> str:
    if adapter.needs_timezone:
        return "the entry in `mapping.yml` must name it (`timezone`)."
    if adapter.timezone:
        return f"`{adapter.timezone}`, unless the entry in `mapping.yml` names another."
    return "none is assumed; where the text above asks for one, name it in `mapping.yml` (`timezone`)."


def _columns_made(adapter: Adapter) -> dict[RawTable, set[str]]:
    """Return the columns that the SELECTs of an adapter return, by raw table; no export is needed for that."""
    # any time zone will do: some adapters need one, and it changes no column
    use = AdapterUse(adapter.folder.name, None, None, Reading(timezone="UTC"), "")
    with duckdb.connect() as connection:
        made = run_selects(connection, adapter, use, (), adapter.name, adapter.folder, "page")
        return {
            table: {name for name in connection.table(relation).columns if name not in EVERY_TABLE_MAY_CARRY}
            for table, relation in made.tables.items()
        }


def _variables(adapter: Adapter) -> dict[str, tuple[str | None, str]]:
    """Return default and comment of each variable; the comment stands above it or behind it."""
    found: dict[str, tuple[str | None, str]] = {name: (value, "") for name, value in adapter.variables.items()}
    above = ""
    for line in (adapter.folder / DESCRIPTION).read_text(encoding="utf-8").splitlines():
        code, _, comment = line.partition("# ")
        if not code.strip():
            above = comment
            continue
        named = re.match(r"(?:variables: \{|  )(\w+):", line)
        if named and named[1] in found:
            found[named[1]] = (found[named[1]][0], comment or above)
        elif not line.startswith(" ") and not _VARIABLES.match(f"{line}\n"):
            above = ""
    return found


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").strip()
