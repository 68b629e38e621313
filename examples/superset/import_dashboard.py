"""Bring the dashboard of this folder into a running Superset, on whichever database holds the marts.

It needs Python alone, and from the environment:

SUPERSET_URL       where Superset answers, as http://127.0.0.1:8088
SUPERSET_USER      an administrator of it
SUPERSET_PASSWORD  and the password
MARTS_URI          the database of the marts, as SQLAlchemy writes it and as Superset reaches it:
                   postgresql://superset:…@db.example.com:5432/journey, or
                   duckdb:////srv/journey/out/journey.duckdb?access_mode=read_only

A second call replaces what the first one made, charts that were changed in Superset too; with another MARTS_URI the
same dashboard moves to another database. Exit 0 imported, 1 Superset refused it, 2 a variable is missing or unusable.
"""

import http.client
import http.cookiejar
import io
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).with_name("assets")
VARIABLES = ("SUPERSET_URL", "SUPERSET_USER", "SUPERSET_PASSWORD", "MARTS_URI")
DATABASE = "databases/customer_journey.yaml"
PLACE_OF_URI = "__MARTS_URI__"
# Superset exports this placeholder instead of a password, and on import takes the password sent beside the bundle
MASK = "XXXXXXXXXX"
DASHBOARD = "superset/dashboard/customer-journey/"
TIMEOUT_SECONDS = 120


class ImportFailedError(Exception):
    """Superset did not take the dashboard; the text is one line for the user."""


def main() -> int:
    """Import and say where the dashboard is; every expected failure is one line on standard error."""
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        print(
            f"error: set {', '.join(missing)} in the environment; the file's first lines say to what.", file=sys.stderr
        )
        return 2
    url, user, password, marts = (os.environ[name] for name in VARIABLES)
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        print("error: SUPERSET_URL: begins neither with http:// nor with https://.", file=sys.stderr)
        return 2
    if "://" not in marts:
        print("error: MARTS_URI: is no URI, as postgresql://… or duckdb:////….", file=sys.stderr)
        return 2
    try:
        superset = Superset(url)
        superset.log_in(user, password)
        superset.import_assets(*bundle(ASSETS, marts))
    except ImportFailedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"Imported: {superset.url}{DASHBOARD}")
    return 0


def bundle(assets: Path, marts: str) -> tuple[bytes, Mapping[str, str]]:
    """Return the files as the ZIP that Superset imports, and the passwords to send beside it, by file."""
    uri, password = without_password(marts)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(assets.rglob("*.yaml")):
            text = file.read_text(encoding="utf-8").replace(PLACE_OF_URI, json.dumps(uri))
            archive.writestr(f"customer_journey/{file.relative_to(assets).as_posix()}", text)
    return written.getvalue(), {} if password is None else {DATABASE: password}


def without_password(uri: str) -> tuple[str, str | None]:
    """Return a database URI with its password masked, and the password; None where it has none."""
    parts = urllib.parse.urlsplit(uri)
    if parts.password is None:
        return uri, None
    user, _, host = parts.netloc.rpartition("@")
    masked = f"{user.partition(':')[0]}:{MASK}@{host}"
    return urllib.parse.urlunsplit(parts._replace(netloc=masked)), urllib.parse.unquote(parts.password)


class Superset:
    """The API of a running Superset."""

    def __init__(self, url: str) -> None:
        """Name the server; nothing is asked of it yet."""
        self.url = url.rstrip("/") + "/"
        self._headers = {"Referer": self.url}
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def log_in(self, user: str, password: str) -> None:
        """Get what later calls are allowed by.

        Raises:
            ImportFailedError: Superset cannot be reached, or refuses the user.
        """
        login = {"username": user, "password": password, "provider": "db", "refresh": False}
        answer = self._call("api/v1/security/login", json.dumps(login).encode(), "application/json")
        self._headers["Authorization"] = f"Bearer {answer['access_token']}"
        self._headers["X-CSRFToken"] = self._call("api/v1/security/csrf_token/")["result"]

    def import_assets(self, archive: bytes, passwords: Mapping[str, str]) -> None:
        """Import a bundle in the place of what has the same UUIDs.

        Raises:
            ImportFailedError: Superset refuses it.
        """
        boundary = uuid.uuid4().hex
        parts = [
            ('name="bundle"; filename="customer_journey.zip"\r\nContent-Type: application/zip', archive),
            ('name="passwords"', json.dumps(passwords).encode()),
        ]
        body = b"".join(
            f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
            for head, content in parts
        )
        body += f"--{boundary}--\r\n".encode()
        self._call("api/v1/assets/import/", body, f"multipart/form-data; boundary={boundary}")

    def _call(self, path: str, body: bytes | None = None, content_type: str | None = None) -> dict[str, Any]:
        headers = {**self._headers, **({"Content-Type": content_type} if content_type else {})}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            said = " ".join(error.read().decode("utf-8", "replace").split())[:600]
            raise ImportFailedError(f"{self.url}{path} answers {error.code}: {said}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ImportFailedError(f"{self.url}{path}: {error}. Does Superset run there?") from error


if __name__ == "__main__":
    sys.exit(main())
