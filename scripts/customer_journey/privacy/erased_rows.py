"""The persons whom erasure requests mean, and the landed rows about them.

A row is about a person by an identifier in it, by the row that it refers to, or by a text that names the person. The
results are temporary tables of the connection: `to_erase`, the rows to delete, and `redacted`, rows of other persons
that lose a text.
"""

from collections.abc import Collection, Iterator

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.landing.landed import kind_of
from customer_journey.privacy.hash_key import Ring
from customer_journey.raw.broken_lines import MARK, text_column

# Columns that hold an identifier but do not have the name of its type.
_ALIASES = {
    "merged_into_contact_id": "contact_id",
    "referrer_contact_id": "contact_id",
    "referred_contact_id": "contact_id",
    "referred_email": "email",
}
_TYPES = ("contact_id", "email", "phone", "anonymous_id")

# Columns that hold several identifiers, separated by semicolons in staging, and their type.
_LISTS = {"merged_contact_ids": "contact_id"}

# SQL: a row `requests` of the staged requests is to be carried out. Rows of one id that are equally new count together,
# as the identifiers of one request; elsewhere one row of a key counts.
IN_FORCE = """not requests.is_deleted and (
    requests.row_status = 'accepted'
    or requests.row_reason = 'superseded' and exists (
        select 1 from staging.stg_privacy__erasure_requests as newest
        where newest.request_id = requests.request_id and newest.row_status = 'accepted' and not newest.is_deleted
            and newest.updated_at is not distinct from requests.updated_at
    )
)"""

# A row without an identifier belongs to the person of its parent row. Companies and products belong to nobody.
_PARENTS = {
    "deal_id": "crm.deals",
    "subscription_id": "crm.subscription_changes",
    "order_id": "orders.orders",
    "ticket_id": "crm.tickets",
    "quote_id": "crm.quotes",
    "invitation_id": "feedback.survey_invitations",
}

# Names of persons are looked for in typed texts, in the parameters of page addresses, and where words stand in the
# place of a number or time, but not where a name is that of the row's person, or a program's.
_TYPED = ("text", "label", "code")
_IDENTIFYING = ("id", "id_list", "identifier", "email", "phone")
_WITHOUT_NAMES = ("full_name", "user_agent")
_WORDS_OF_A_NAME = range(2, 7)
# A name that the rows of so many persons write may be words of the language, such as "Khách hàng".
_PERSONS_OF_A_PHRASE = 5


def find(connection: duckdb.DuckDBPyConnection, ring: Ring) -> None:
    """Put the persons to erase on the suppression list, and mark the rows to delete and to redact."""
    _take_requests(connection)
    _suppress(connection, ring)
    for found in ("to_erase", "redacted"):
        connection.execute(
            f"create temp table {found} (source_table varchar, _file_id bigint, _row_number bigint, request_id varchar)"
        )
    for table in raw_tables():
        _mark_rows(connection, table)
    _find_in_texts(connection)
    _mark_all_children(connection)
    while _suppress_cookies(connection):
        for table in raw_tables():
            if "anonymous_id" in table.columns:
                _mark_rows(connection, table)
        _mark_all_children(connection)
    _remember_parents(connection)
    _find_names(connection)
    connection.execute(
        "delete from redacted where exists (from to_erase where to_erase.source_table = redacted.source_table"
        " and to_erase._file_id = redacted._file_id and to_erase._row_number = redacted._row_number)"
    )


def staged_table(source_table: str) -> str:
    """Return the SQL name of the staging model of a raw table."""
    return f"staging.stg_{source_table.replace('.', '__')}"


def _hash(parts: str, key: str = "getvariable('suppression_key')") -> str:
    # the same expression as the macro keyed_hash
    return f"left(sha256(concat_ws('|', {key}, {parts})), 32)"


def _take_requests(connection: duckdb.DuckDBPyConnection) -> None:
    """Separate requests for a person from those for a shared identifier, which wait for a request by contact_id."""
    connection.execute(
        f"""
        create temp table requested as
        select
            requests.request_id,
            requests.identifier_type,
            requests.identifier_type || ':' || requests.identifier_value as identifier,
            coalesce(bool_or(shared.identifier is not null), false) as is_shared
        from staging.stg_privacy__erasure_requests as requests
        left join (
            select identifier from intermediate.int_person_identifiers where is_hub
            union
            select identifier_type || ':' || identifier_value as identifier from seeds.identifier_placeholders
        ) as shared on requests.identifier_type || ':' || requests.identifier_value = shared.identifier
        where {IN_FORCE}
        group by all
        """
    )
    connection.execute("delete from private.waiting_requests")
    connection.execute(
        """
        insert into private.waiting_requests
        select coalesce(request_id, 'without an id'), null, null, row_reason
        from staging.stg_privacy__erasure_requests
        where row_status = 'quarantined' and not is_deleted
        union all
        select requested.request_id, requested.identifier_type, count(distinct contacts.contact_id), null
        from requested
        left join staging.stg_crm__contacts as contacts
            on contacts.row_status = 'accepted'
            and requested.identifier in ('email:' || contacts.email, 'phone:' || contacts.phone)
        where requested.is_shared
        group by requested.request_id, requested.identifier_type
        """
    )


def _suppress(connection: duckdb.DuckDBPyConnection, ring: Ring) -> None:
    """Put the requested persons on the suppression list, with all identifiers that now belong to persons on it.

    A cookie of an erased person belongs to that person, but other persons who used it later are not erased with it.
    """
    connection.execute("create temp table erased as select identifier, request_id from requested where not is_shared")
    connection.execute(
        f"create temp table written as select *, {_hash('identifier')} as identifier_hash"
        " from staging.stg_privacy__text_identifiers"
    )
    while connection.execute(
        f"""
        insert into erased
        with known as (
            select {_hash("identifier")} as identifier_hash, request_id from erased
            union
            select identifier_hash, request_id from private.suppression_list
        ),
        persons as (
            select distinct identifiers.person_id, known.request_id
            from intermediate.int_person_identifiers as identifiers
            inner join known on {_hash("identifiers.identifier")} = known.identifier_hash
            where identifiers.identifier_type <> 'anonymous_id'
        ),
        found as (
            select identifiers.identifier, persons.request_id
            from intermediate.int_person_identifiers as identifiers
            inner join persons using (person_id)
            union all
            -- a former address of the person that nobody else has now
            select former.identifier, persons.request_id
            from intermediate.int_former_identifiers as former
            inner join intermediate.int_person_identifiers as contacts
                on former.contact_identifier = contacts.identifier
            inner join persons using (person_id)
            where not former.is_placeholder
                and former.identifier not in (select identifier from intermediate.int_person_identifiers)
            union all
            -- a contact whose field holds two addresses, which identity resolution cannot read
            select 'contact_id:' || contacts.contact_id, known.request_id
            from staging.stg_crm__contacts as contacts
            inner join written using (_file_id, _row_number)
            inner join known using (identifier_hash)
            where written.source_table = 'crm.contacts' and written.is_owner and contacts.contact_id is not null
                and written.identifier not in (select identifier from intermediate.int_person_identifiers where is_hub)
        )
        select identifier, min(request_id) from found
        where identifier not in (select identifier from erased)
        group by identifier
        returning 1
        """
    ).fetchall():
        pass
    connection.execute(
        f"""
        insert into private.suppression_list
        select {_hash("identifier")} as identifier_hash, min(request_id) from erased
        where {_hash("identifier")} not in (select identifier_hash from private.suppression_list)
        group by identifier
        """
    )
    # the hashes that earlier builds may have stored: of each identifier, and of the person_id made from it
    for key in (ring.key, *ring.former):
        connection.execute(
            f"""
            insert into private.erased_hashes
            select {_hash("identifier", "$key")} from erased
            union
            select {_hash("'person', identifier", "$key")} from erased
            except
            select identifier_hash from private.erased_hashes
            """,
            {"key": key},
        )


def _mark_rows(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Mark the rows of a table with a suppressed identifier, whatever their row_status.

    A version of such a row (same key) without any identifier belongs to the same person; one with another person's
    identifier does not.
    """
    staged, identifiers = staged_table(table.source_table), identifiers_of(table)
    for identifier in identifiers.values():
        connection.execute(
            f"""
            insert into to_erase
            select '{table.source_table}', named._file_id, named._row_number, min(suppression_list.request_id)
            from (select _file_id, _row_number, {identifier} as identifier from {staged}) as named
            inner join private.suppression_list on {_hash("named.identifier")} = suppression_list.identifier_hash
            group by named._file_id, named._row_number
            """
        )
    if identifiers:
        connection.execute(
            f"""
            insert into to_erase
            select '{table.source_table}', nameless._file_id, nameless._row_number, min(to_erase.request_id)
            from {staged} as nameless
            inner join {staged} as named on {is_same_key(table, "nameless", "named")}
            inner join to_erase on {_matches("to_erase", table, "named")}
            where {_names_nobody(table, "nameless")}
            group by nameless._file_id, nameless._row_number
            """
        )


def _find_in_texts(connection: duckdb.DuckDBPyConnection) -> None:
    """Mark rows whose texts name an erased person: rows of that person for deletion, rows of others for redaction."""
    connection.execute(
        """
        create temp table mentions as
        select written.source_table, written._file_id, written._row_number,
            bool_or(written.is_owner) as is_owner, min(suppression_list.request_id) as request_id
        from written inner join private.suppression_list using (identifier_hash)
        group by all
        """
    )
    for table in raw_tables():
        names_nobody = _names_nobody(table, "staged")
        if "anonymous_id" in table.columns:
            cookie = "'anonymous_id:' || staged.anonymous_id"
            names_nobody = f"({_names_nobody(table, 'staged', but=('anonymous_id',))} and {_belongs_to_nobody(cookie)})"
        for found, condition in (
            ("to_erase", f"(mentions.is_owner or {names_nobody})"),
            ("redacted", f"not (mentions.is_owner or {names_nobody})"),
        ):
            connection.execute(
                f"""
                insert into {found}
                select mentions.source_table, mentions._file_id, mentions._row_number, mentions.request_id
                from mentions
                inner join {staged_table(table.source_table)} as staged using (_file_id, _row_number)
                where mentions.source_table = '{table.source_table}' and {condition}
                """
            )


def _find_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Mark texts in rows of others that write the name of an erased contact, its words in any order, for redaction.

    Not a name that a contact who stays has too, or that the rows of many persons write: the text may speak of a
    stranger, or of nobody. A contact who stays and has the words in another order keeps only those orders that are not
    the erased contact's own. The list keeps hashes of the name, since a later delivery brings the texts again.
    """
    contacts = next(table for table in raw_tables() if table.source_table == "crm.contacts")
    if kind_of(connection, "raw_crm", "contacts") is None:
        connection.execute("create temp table names (words varchar, stays boolean)")
        return
    is_erased = is_marked(contacts, "contacts")
    connection.execute(
        f"""
        create temp table names as
        select {_words_of("full_name")} as words, not {is_erased} as stays, (
            select min(request_id) from to_erase where {_matches("to_erase", contacts, "contacts")}
        ) as request_id
        from {contacts.relation} as contacts where full_name is not null
        """
    )
    rarest = "list_sort([{'shortness': -length(part), 'word': part} for part in parts])[1].word"
    connection.execute(
        f"""
        insert into private.suppression_list
        with gone as (
            select words, string_split(words, ' ') as parts, request_id
            from names where not stays and len(parts) between {_WORDS_OF_A_NAME[0]} and {_WORDS_OF_A_NAME[-1]}
        ),
        hashed as (
            select {_hash("'name:' || words")} as identifier_hash, request_id from gone
            union
            select {_hash(f"'name_words:' || {_sorted('words')}")}, request_id from gone
            union
            -- each word, and the longest as the rarest: else each two to six words of each text would have to be hashed
            select {_hash("'name_word:' || unnest(parts)")}, request_id from gone
            union
            select {_hash(f"'name_anchor:' || {rarest}")}, request_id from gone
        )
        from hashed except from private.suppression_list
        """
    )
    texts = " union all ".join(
        f"select '{table.source_table}' as source_table, _file_id, _row_number, '{column}' as column_name,"
        f" {_owner_of(table)} as owner, {column} as written from {table.relation} where {condition}"
        for table in raw_tables()
        if kind_of(connection, f"raw_{table.source}", table.name)
        for column, condition in _typed_columns(table)
    )
    longest = _WORDS_OF_A_NAME[-1]
    near = range(1 - longest, longest)
    around = ", ".join(
        f"lead({what}, {place}) over in_order as {what}_{place + longest}"
        for place in near
        for what in ("word", "place")
    )
    grams = " union all ".join(
        f"select text_id, concat_ws(' ', {', '.join(f'word_{place}' for place in range(first, first + count))}) as gram"
        f" from in_a_row where is_anchor and place_{first + count - 1} - place_{first} = {count - 1}"
        for count in _WORDS_OF_A_NAME
        for first in range(longest - count + 1, longest + 1)
    )
    # not by lists of words: DuckDB would copy the list of a long text for each of its words
    connection.execute(
        f"""
        insert into written
        with texts as ({texts}),
        distinct_texts as materialized (
            select row_number() over () as text_id, written, string_split({_words_of("written")}, ' ') as words
            from (select distinct written from texts where regexp_matches(written, '[^\\p{{L}}\\p{{N}}_]'))
        ),
        known as materialized (
            select word, {_hash("'name_anchor:' || word")} in (select identifier_hash from private.suppression_list)
                as is_anchor
            from (select distinct unnest(words) as word from distinct_texts)
            where {_hash("'name_word:' || word")} in (select identifier_hash from private.suppression_list)
        ),
        words as (
            select text_id, word, place, is_anchor
            from (
                select text_id, unnest(words) as word, unnest(range(len(words))) as place
                from distinct_texts
                where list_has_any(words, (select coalesce(list(word), []) from known where is_anchor))
            )
            inner join known using (word)
        ),
        in_a_row as materialized (
            select text_id, is_anchor, {around}
            from words
            window in_order as (partition by text_id order by place)
        ),
        grams as materialized (select distinct text_id, gram, {_sorted("gram")} as in_alphabet from ({grams})),
        named as (
            select text_id, gram, {_hash("'name:' || gram")} as name_hash
            from grams
            where name_hash in (select identifier_hash from private.suppression_list)
                and gram not in (select words from names where stays)
            union all
            select text_id, gram, {_hash("'name_words:' || in_alphabet")} as name_hash
            from grams
            where name_hash in (select identifier_hash from private.suppression_list)
                and in_alphabet not in (select {_sorted("words")} from names where stays)
        ),
        found as (
            select texts.*, named.gram, named.name_hash
            from named inner join distinct_texts using (text_id) inner join texts using (written)
            where not exists (
                select 1 from to_erase where to_erase.source_table = texts.source_table
                    and to_erase._file_id = texts._file_id and to_erase._row_number = texts._row_number
            )
        )
        select source_table, _file_id, _row_number, column_name, false, 'name:' || gram, name_hash
        from found
        qualify count(distinct owner) over (partition by gram) < {_PERSONS_OF_A_PHRASE}
        """
    )
    connection.execute(
        """
        insert into redacted
        select source_table, _file_id, _row_number, min(suppression_list.request_id)
        from written inner join private.suppression_list using (identifier_hash)
        where starts_with(written.identifier, 'name:')
        group by all
        """
    )


def _words_of(text: str) -> str:
    """Return the SQL of a text as words in small letters without accents, separated by single blanks.

    Words that underscores join are one: `demo_request` is a code, whoever is called Demo Request.
    """
    decoded = f"coalesce(try(url_decode({text})), {text})"
    visible = f"regexp_replace({decoded}, '\\p{{Cf}}', '', 'g')"
    letters = f"replace(lower(strip_accents({visible})), 'đ', 'd')"
    return f"trim(regexp_replace({letters}, '[^\\p{{L}}\\p{{N}}_]+', ' ', 'g'))"


def _sorted(words: str) -> str:
    """Return the SQL of words, separated by blanks, in alphabetical order."""
    return f"array_to_string(list_sort(string_split({words}, ' ')), ' ')"


def _typed_columns(table: RawTable) -> Iterator[tuple[str, str]]:
    """Yield each column of a table that may write somebody's name, with the SQL condition on its rows."""
    for column, kind in zip(table.columns, table.kinds, strict=True):
        if kind in _TYPED and not column.endswith("_id") and column not in (*table.key, *_WITHOUT_NAMES):
            yield column, f"contains({column}, '?')" if column.endswith("_url") else f"{column} is not null"
        elif kind not in (*_TYPED, *_IDENTIFYING) and column not in table.key:
            yield column, f"regexp_matches({column}, '\\p{{L}}{{2}}')"
    yield "updated_at", "regexp_matches(updated_at, '\\p{L}{2}')"
    yield text_column(table), f"is_deleted = '{MARK}'"


def _owner_of(table: RawTable) -> str:
    """Return the SQL of the person whom the row names, as written there; the row itself if it names nobody."""
    named = [f"nullif(trim({column}), '')" for column in identifiers_of(table) if column not in _LISTS]
    row = "concat_ws(' ', _file_id, _row_number)"
    return f"coalesce({', '.join([*named, row])})"


def identifiers_found(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the identifiers of the persons to erase, as type:value, as far as landed rows tell them."""
    return [identifier for (identifier,) in connection.execute("select distinct identifier from erased").fetchall()]


def with_names(connection: duckdb.DuckDBPyConnection, texts: Collection[str]) -> set[str]:
    """Return those of these texts that hold the words of an erased full name, in any order, and of nobody who stays.

    Unlike in texts that people type, underscores separate words: the texts are names of files.
    """
    grams = " union all ".join(
        f"select text, array_to_string(list_sort(words[place:place + {count - 1}]), ' ') as gram"
        f" from words, unnest(range(1, len(words) - {count - 2})) as places (place)"
        for count in _WORDS_OF_A_NAME
    )
    rows = connection.execute(
        f"""
        with words as (
            select text, string_split({_words_of("replace(text, '_', ' ')")}, ' ') as words
            from (select unnest($texts) as text)
        )
        select distinct text from ({grams})
        where {_hash("'name_words:' || gram")} in (select identifier_hash from private.suppression_list)
            and gram not in (select {_sorted("words")} from names where stays)
        """,
        {"texts": sorted(texts)},
    ).fetchall()
    return {text for (text,) in rows}


def columns_with_names(connection: duckdb.DuckDBPyConnection, table: RawTable) -> Iterator[str]:
    """Yield each column of a table that names erased persons in rows to redact.

    While a column is yielded, these rows are in the temporary table `redacted_column`.
    """
    named = f"""
        select distinct source_table, _file_id, _row_number, written.column_name
        from written
        inner join private.suppression_list using (identifier_hash)
        inner join redacted using (source_table, _file_id, _row_number)
        where source_table = '{table.source_table}'
    """
    columns = connection.execute(f"select distinct column_name from ({named}) order by column_name").fetchall()
    for (column,) in columns:
        connection.execute(
            f"create or replace temp table redacted_column as select * from ({named}) where column_name = ?", [column]
        )
        yield column


def identifiers_of(table: RawTable) -> dict[str, str]:
    """Return the identifier columns of a table, each with the SQL of its identifiers."""
    identifiers = {
        column: f"'{_ALIASES.get(column, column)}:' || {column}"
        for column in table.columns
        if _ALIASES.get(column, column) in _TYPES
    }
    if "identifier_value" in table.columns:
        identifiers["identifier_value"] = "identifier_type || ':' || identifier_value"
    return identifiers | {
        column: f"unnest(['{kind}:' || entry for entry in string_split({column}, ';')])"
        for column, kind in _LISTS.items()
        if column in table.columns
    }


def _mark_all_children(connection: duckdb.DuckDBPyConnection) -> None:
    while sum(
        _mark_children(connection, table, parent, key)
        for key, parent in _PARENTS.items()
        for table in raw_tables()
        if key in table.columns
    ):
        pass


def _suppress_cookies(connection: duckdb.DuckDBPyConnection) -> int:
    """Put cookies on the suppression list that only an erased order names, and return their number.

    A cookie of another known person stays, and so does one that somebody else's order names too, as on a computer of a
    family.
    """
    tables = {table.source_table: table for table in raw_tables()}
    events, orders = tables["web.events"], tables["orders.orders"]
    found = connection.execute(
        f"""
        insert into private.suppression_list
        with kept_orders as (
            select order_id, anonymous_id from {staged_table(orders.source_table)} as kept
            where not {is_marked(orders, "kept")}
        ),
        cookies as (
            select 'anonymous_id:' || events.anonymous_id as identifier, min(to_erase.request_id) as request_id
            from {staged_table(events.source_table)} as events
            inner join to_erase on {_matches("to_erase", events, "events")}
            where (
                    events.order_id in (
                        select gone.order_id from {staged_table(orders.source_table)} as gone
                        where {is_marked(orders, "gone")}
                    )
                    or {_hash("'order_id:' || events.order_id")} in (
                        select identifier_hash from private.suppression_list
                    )
                )
                and events.anonymous_id not in (
                    select anonymous_id from kept_orders where anonymous_id is not null
                    union all
                    select others.anonymous_id from {staged_table(events.source_table)} as others
                    inner join kept_orders using (order_id)
                    where others.anonymous_id is not null
                )
            group by events.anonymous_id
        )
        select {_hash("cookies.identifier")}, cookies.request_id
        from cookies
        where {_hash("cookies.identifier")} not in (select identifier_hash from private.suppression_list)
            and {_belongs_to_nobody("cookies.identifier")}
        returning 1
        """
    ).fetchall()
    return len(found)


def _belongs_to_nobody(cookie: str) -> str:
    return f"""not exists (
        select 1 from intermediate.int_person_identifiers as used
        inner join intermediate.int_person_identifiers as known using (person_id)
        where used.identifier = {cookie} and known.identifier_type <> 'anonymous_id'
    )"""


def _mark_children(connection: duckdb.DuckDBPyConnection, table: RawTable, parent: str, key: str) -> int:
    """Mark rows without an identifier whose parent row is to be deleted; return the number of newly marked rows."""
    tables = {table.source_table: table for table in raw_tables()}
    # a web event with an order_id belongs to the order, whatever its cookie
    names_nobody = _names_nobody(table, "children", but=("anonymous_id",))
    noted = connection.execute(
        f"""
        insert into to_erase
        with gone as (
            select parents.{key} as parent_key, min(to_erase.request_id) as request_id
            from {staged_table(parent)} as parents
            inner join to_erase on {_matches("to_erase", tables[parent], "parents")}
            group by parents.{key}
            union all
            -- the parent may be gone already, if somebody deleted it by hand
            select row_id, null from private.unfinished_erasure where source_table = '{parent}'
            union all
            -- or an earlier build erased it: a refund may arrive days after the order
            select named.{key}, suppressed.request_id
            from (select distinct {key} from {staged_table(table.source_table)} where {key} is not null) as named
            inner join private.suppression_list as suppressed
                on {_hash(f"'{key}:' || named.{key}")} = suppressed.identifier_hash
        )
        select '{table.source_table}', children._file_id, children._row_number, min(gone.request_id)
        from {staged_table(table.source_table)} as children
        inner join gone on children.{key} = gone.parent_key
        where {names_nobody} and not {is_marked(table, "children")} and children.{key} not in (
            -- a parent of somebody else, of which only one version named the person
            select parents.{key} from {staged_table(parent)} as parents
            where parents.{key} is not null
                and not {is_marked(tables[parent], "parents")} and not ({_names_nobody(tables[parent], "parents")})
        )
        group by children._file_id, children._row_number
        returning 1
        """
    ).fetchall()
    return len(noted)


def _remember_parents(connection: duckdb.DuckDBPyConnection) -> None:
    """Put deleted orders, deals and the like on the suppression list, for later rows that refer only to them."""
    tables = {table.source_table: table for table in raw_tables()}
    for key, parent in _PARENTS.items():
        connection.execute(
            f"""
            insert into private.suppression_list
            with gone as (
                select parents.{key} as parent_key, min(to_erase.request_id) as request_id
                from {staged_table(parent)} as parents
                inner join to_erase on {_matches("to_erase", tables[parent], "parents")}
                where parents.{key} is not null and parents.{key} not in (
                    -- a parent of somebody else, of which only one version named the person
                    select kept.{key} from {staged_table(parent)} as kept
                    where kept.{key} is not null
                        and not {is_marked(tables[parent], "kept")} and not ({_names_nobody(tables[parent], "kept")})
                )
                group by parents.{key}
            )
            select {_hash(f"'{key}:' || gone.parent_key")} as identifier_hash, gone.request_id
            from gone
            where {_hash(f"'{key}:' || gone.parent_key")} not in (select identifier_hash from private.suppression_list)
            """
        )


def _names_nobody(table: RawTable, relation: str, but: Collection[str] = ()) -> str:
    named = [column for column in identifiers_of(table) if column not in but]
    return " and ".join(["true", *(f"{relation}.{column} is null" for column in named)])


def _matches(found: str, table: RawTable, relation: str) -> str:
    return (
        f"{found}.source_table = '{table.source_table}'"
        f" and {found}._file_id = {relation}._file_id and {found}._row_number = {relation}._row_number"
    )


def is_marked(table: RawTable, relation: str, found: str = "to_erase") -> str:
    """Return the SQL condition that a row of a relation is marked in the temporary table `found`."""
    return f"exists (select 1 from {found} where {_matches(found, table, relation)})"


def is_same_key(table: RawTable, one: str, other: str) -> str:
    """Return the SQL condition that two rows are versions of the same key."""
    return " and ".join(f"{one}.{column} is not distinct from {other}.{column}" for column in table.key)


def tables_of(connection: duckdb.DuckDBPyConnection, found: str) -> list[RawTable]:
    """Return the raw tables with rows in the temporary table `found`."""
    rows = connection.execute(f"select distinct source_table from {found}").fetchall()
    return [table for table in raw_tables() if (table.source_table,) in rows]
