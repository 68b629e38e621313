"""Takes the screenshots of the demo's report for README and the guides, with the system's Chromium.

`python -m tools.pictures --out out` writes docs/images/<name>.png.
"""

import shutil
from pathlib import Path

import click
from customer_journey.paths import PROJECT, Output
from playwright.sync_api import sync_playwright

IMAGES = PROJECT / "docs" / "images"
# for each picture, the view and the height of the page that is shown, from the top
PICTURES = {
    "report_overview": ("page=overview", 1480),
    "journey_map": ("page=map", 1300),
}
# high enough that no element of the page needs to scroll
HEIGHT = 1930
WIDTH = 1440
# the page is ready when one of these exists
_READY = "svg, table"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
def main(out: Path) -> None:
    """Take screenshots of the report in an output folder, for README and the guides."""
    page_of_report = Output(out.resolve()).report
    chromium = shutil.which("chromium")
    if chromium is None or not page_of_report.is_file():
        raise click.ClickException(f"wants chromium on the PATH, and {page_of_report}: scripts/build writes it.")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        for name, (view, shown) in PICTURES.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            page.goto(f"{page_of_report.as_uri()}#{view}")
            page.locator(".current").locator(_READY).first.wait_for()
            page.screenshot(path=IMAGES / f"{name}.png", clip={"x": 0, "y": 0, "width": WIDTH, "height": shown})
            print(IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
