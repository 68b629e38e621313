"""Commands about keys, erased persons, and lists of persons to write to."""

import os
from pathlib import Path

import click

from customer_journey.errors import InputError
from customer_journey.options import FOLDER
from customer_journey.paths import PRIVATE_UMASK, Output
from customer_journey.terminal import PlainConsole


@click.command("rotate-key")
@click.option("--out", type=FOLDER, required=True, help="Output folder to change the key of.")
def rotate_key(out: Path) -> None:
    """Replace the key that persons are hashed with.

    The old key is JOURNEY_HASH_KEY, or the key file in OUT. The new key is JOURNEY_NEW_HASH_KEY; if that is not set, a
    random key is made and kept in OUT. Erased persons stay erased. After the next build,
    marts.bridge_person_changes maps each old person_id to the new one.
    """
    from customer_journey.locking import locked
    from customer_journey.paths import keep_private
    from customer_journey.privacy.keys import rotate

    output = Output(out.resolve())
    if not output.root.is_dir():
        raise InputError(f"--out {output.root}: no such folder. Name the output folder of a build.")
    os.umask(PRIVATE_UMASK)
    with locked(output):
        rotation = rotate(output)
        keep_private(output)
    where = (
        f"in {rotation.file}: unset JOURNEY_HASH_KEY, and keep a copy of the file elsewhere"
        if rotation.file
        else "that of JOURNEY_NEW_HASH_KEY: set JOURNEY_HASH_KEY to it from now on"
    )
    click.echo(
        f"The key of {output.root} has changed (fingerprint {rotation.fingerprint}). The new one is {where}.\n"
        f"Build it again: until then the published person_ids are hashed with the old key."
    )


@click.command("lift-erasure")
@click.option("--out", type=FOLDER, required=True, help="Output folder of the build that erased.")
@click.option("--request", required=True, help="request_id of the erasure, as OUT/erasure_receipts.csv lists it.")
def lift_erasure(out: Path, request: str) -> None:
    """Take a person off the suppression list, so that rows of theirs delivered from now on are used again."""
    from customer_journey.locking import locked
    from customer_journey.privacy import erasure

    output = Output(out.resolve())
    if not output.warehouse.exists():
        raise InputError(f"{output.root}: nothing was built here. Name the output folder of the build that erased.")
    os.umask(PRIVATE_UMASK)
    with locked(output):
        if not erasure.lift(output.warehouse, request):
            raise InputError(
                f"--request {request}: nobody was erased for this request. Take a request_id of "
                f"{output.erasure_receipts}."
            )
    print("Lifted. The erased rows are not restored: deliver the person's rows again in a new file.")


@click.command("export-audience")
@click.argument("query")
@click.option(
    "--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of the build that is published."
)
@click.option("--purpose", default="marketing", show_default=True, help="Purpose that persons must have consented to.")
@click.option(
    "--identifier",
    type=click.Choice(["email", "phone", "contact_id"]),
    default="email",
    show_default=True,
    help="The identifier to write for each person.",
)
@click.option("--to", "file", type=FOLDER, help="New CSV file, readable by you alone. Without it: only count persons.")
@click.option(
    "--without-consent",
    metavar="REASON",
    help="Include persons without any consent row, for this reason, which is logged. Never those who withdrew.",
)
def export_audience(
    query: str, out: Path, purpose: str, identifier: str, file: Path | None, without_consent: str | None
) -> None:  # fmt: skip
    """Write the e-mails, phones or contact ids of the persons that QUERY selects and that have given consent.

    QUERY is a condition on marts.dim_persons and any mart that it names, such as "where is_known and
    kpi_clv.p_alive < 0.3", or a whole query, "select person_id from marts.fct_orders where ...". The export is logged
    in private.audience_exports of the private warehouse. See docs/audiences.md.
    """
    from customer_journey.privacy.audience import Request, export

    if without_consent is not None and not without_consent.strip():
        raise InputError('--without-consent needs a reason, for example "service notice on their own orders".')
    os.umask(PRIVATE_UMASK)
    request = Request(query, purpose.strip().lower(), identifier, without_consent, file and file.absolute())
    audience = export(Output(out.resolve()), request)
    console = PlainConsole(soft_wrap=True)
    counts = {
        "persons matched": (audience.matched, ""),
        "internal": (audience.internal, "left out"),
        "asked to be erased": (audience.to_be_erased, "left out"),
        "without consent": (
            audience.withdrawn + audience.never_asked,
            f"left out: {audience.withdrawn:,} withdrew, {audience.never_asked:,} never gave it for {request.purpose}",
        ),
        f"without {identifier}": (audience.without_identifier, f"left out: no {identifier} that is theirs alone today"),
        "written": (len(audience.identifiers) if file else 0, str(request.file or "")),
    }
    for label, (count, text) in counts.items():
        console.print(f"{label:<20} {count:>9,}  {text if count or label == 'written' else ''}".rstrip())
    if file is None:
        console.print(
            f"{len(audience.identifiers):,} persons can be exported: --to FILE.csv writes them and logs the export."
        )
