"""An audience of the demo company against its raw consents."""

import shutil
from pathlib import Path

from customer_journey.paths import Output
from customer_journey.privacy.audience import Request, export

from tests.support.demo import Demo
from tests.support.raw_rows import read_rows

PURPOSE = "email_marketing"


def test_who_agreed_to_mails_and_nobody_else(demo: Demo, tmp_path: Path) -> None:
    """The audience is exactly the persons with consent in the raw rows."""
    out = tmp_path / "out"
    out.mkdir()
    for file in (demo.warehouse, demo.published):
        shutil.copyfile(file, out / file.name)
    last: dict[str, tuple[str, str]] = {}
    for row in read_rows(demo.raw_files("privacy/consents")):
        email, status = str(row["identifier_value"]).strip().lower(), row["status"]
        if row["purpose"] == PURPOSE and row["identifier_type"] == "email" and status in ("granted", "withdrawn"):
            last[email] = max(last.get(email, ("", "")), (str(row["changed_at"]), status))
    agreed = {email for email, (_, status) in last.items() if status == "granted"}

    audience = export(Output(out), Request("where is_known", PURPOSE, "email", None, None))

    written = set(audience.identifiers)
    assert len(written) == len(audience.identifiers)
    # a person who agreed by one address may be written at another, such as the current one or that of a second contact
    assert not written & (last.keys() - agreed)
    assert len(written & agreed) > 0.9 * len(written)
    # some have since unsubscribed, were erased, or are colleagues
    assert len(written) > 0.8 * len(agreed)
    left_out = (
        audience.internal, audience.to_be_erased, audience.withdrawn, audience.never_asked, audience.without_identifier
    )  # fmt: skip
    assert sum(left_out) + len(written) == audience.matched
