"""`journey check` judges the demo's rows as its build has judged them."""

import duckdb
from onboarding.judge import judge

from tests.support.demo import Demo


def test_check_tells_what_the_build_then_does(demo: Demo) -> None:
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        built = {
            table: counts
            for table, *counts in connection.execute(
                "select source_table, rows_in, duplicates, quarantined, deferred from marts.audit_reconciliation"
                # an erased row would also be one of these
                " where erased = 0"
            ).fetchall()
        }
    judged = {
        judgement.table.source_table: [judgement.rows, judgement.duplicate, judgement.refused, judgement.deferred]
        for judgement in judge(demo.raw).judgements
    }
    assert len(built) > 10
    assert {table: judged.get(table, [0, 0, 0, 0]) for table in built} == built
