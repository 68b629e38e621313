"""Expectation suites for a few contacts, for tests of both engines."""

from pathlib import Path

# Three of the four contacts have this e-mail, the fourth has none.
EMAIL = "mai.nguyen@example.com"

# Begins a suite; more entries of the table may follow.
CONTACTS = r"""
schema: raw_crm
tables:
  contacts:
    - {expect: expect_column_to_exist, column: contact_id, severity: error}
    - {expect: expect_column_values_to_not_be_null, column: email, severity: warn}
    - name: most have an e-mail
      expect: expect_column_values_to_not_be_null
      column: email
      mostly: 0.5
      severity: error
    - {expect: expect_column_values_to_be_in_set, column: email, value_set: [nobody], severity: error}
    - {expect: expect_column_distinct_values_to_be_in_set, column: email, value_set: [nobody], severity: warn}
    - {expect: expect_column_most_common_value_to_be_in_set, column: email, value_set: [no], severity: warn}
    - {expect: expect_table_row_count_to_be_between, min_value: 10, severity: warn}
    - name: no e-mail in braces {1,2} or after a colon
      expect: unexpected_rows_expectation
      unexpected_rows_query: |
        select * from {batch}
        where regexp_extract('x:' || email, '(?:x:)(?:[a-z.]{1,20})@\w+\.com$', 0) <> '' and email like '%@%'
      severity: error
    - name: nobody was created after as-of
      expect: unexpected_rows_expectation
      unexpected_rows_query: select 1 from {batch} where try_cast(created_at as timestamptz) > {as_of};
      severity: error
"""
# Begins an entry that is a query.
QUERY = "name: q, expect: unexpected_rows_expectation, severity: warn, unexpected_rows_query:"
# invalid entries for the contacts, with the error for each
SLIPS = (
    (
        "expect: expect_column_values_to_be_null, column: emial, severity: warn",
        "expect_column_values_to_be_null(emial): raw_crm.contacts has no column emial; did you mean email?",
    ),
    (
        "name: q, expect: expect_column_values_to_match_regex, column: email, regex: a, severity: warn",
        "q: expect_column_values_to_match_regex does not run on DuckDB, and a suite runs on every engine; "
        "say it as an unexpected_rows_expectation",
    ),
)


def make_suites(folder: Path, landed: str, marts: str = "schema: marts") -> Path:
    """Write a suite for each layer and return the folder of suites."""
    for layer, text in (("landed", landed), ("marts", marts)):
        (folder / "suites" / layer).mkdir(parents=True)
        (folder / "suites" / layer / "suite.yml").write_text(text, encoding="utf-8")
    return folder / "suites"
