"""Runs the project's attribution SQL on given touchpoints and conversions, without the rest of the build.

`python -m tools.attribution_alone [--without-credits] FOLDER…` builds the attribution models in the warehouse of each
folder, and the attribution credit marts unless `--without-credits` is given.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import duckdb
from customer_journey.errors import BuildError
from customer_journey.paths import Output
from customer_journey.transform import build_nodes, parse

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# The tables and columns that the models read. Ids are hashes, because the models derive keys from them.
_INPUTS = """
create schema intermediate;
create table intermediate.int_touchpoints (
    touchpoint_id varchar, person_id varchar, touched_at timestamp, channel varchar, campaign varchar,
    is_attributable boolean,
    touchpoint_key bigint generated always as (cast('0x' || substr(touchpoint_id, 1, 15) as bigint)),
    person_key bigint generated always as (cast('0x' || substr(person_id, 1, 15) as bigint))
);
create schema marts;
create table marts.fct_conversions (
    conversion_id varchar, person_id varchar, conversion_type varchar, converted_at timestamp,
    converted_date date generated always as (cast(converted_at as date)), revenue decimal(18, 4),
    company_id varchar default 'unknown'
);
create table marts.dim_labels (
    kind varchar, value varchar, rank decimal(4, 1), label_en varchar, label_vi varchar
);
create view marts.dim_persons as select distinct person_id, 'unknown' as company_id from intermediate.int_touchpoints;
"""
_MODELS = ("intermediate", "attribution")
_MARTS = ("fct_attribution", "attribution_channel_effects")


def create_inputs(folder: Path) -> duckdb.DuckDBPyConnection:
    """Create a warehouse that holds only the empty input tables of the models, and return it to be filled."""
    folder.mkdir(parents=True)
    connection = duckdb.connect(str(Output(folder).warehouse), config={"storage_compatibility_version": "v1.4.0"})
    connection.execute(_INPUTS)
    return connection


def build_models(output: Output, manifest: "Manifest", with_credits: bool = True) -> None:
    """Build the attribution models on their input tables, and the credit marts if wanted.

    Raises:
        BuildError: a model failed.
    """
    marts = _MARTS if with_credits else ()
    nodes = [
        node.unique_id
        for node in manifest.nodes.values()
        if node.unique_id.startswith("model.") and (tuple(node.fqn[1:3]) == _MODELS or node.name in marts)
    ]
    result = build_nodes(output, "duckdb", manifest, nodes, lambda *_: None)
    if result.failures:
        raise BuildError("; ".join(map(str, result.failures)))


@click.command()
@click.option("--without-credits", is_flag=True, help="Build the weights only, not the credit marts.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
def main(without_credits: bool, folders: tuple[Path, ...]) -> None:
    """Build the attribution models on the input tables in the warehouse of each folder."""
    outputs = [Output(folder.resolve()) for folder in folders]
    manifest = parse(outputs[0], "duckdb")
    for output in outputs:
        build_models(output, manifest, with_credits=not without_credits)


if __name__ == "__main__":
    main()
