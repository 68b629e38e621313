"""The demo company's raw tables, made once for each state of the generator."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from customer_journey.paths import DEMO_SETTINGS, PROJECT
from customer_journey.settings import FILE_NAME

SEED = 20260630


def write_demo(
    raw: Path,
    on_progress: Callable[[str, float], None],
    *,
    scale: float = 1.0,
    seed: int = SEED,
    truth: Path | None = None,
) -> None:
    """Write the demo company's raw tables, and its settings beside them."""
    from customer_journey.demo import generate

    generate(raw, scale=scale, seed=seed, truth=truth, on_progress=on_progress)
    shutil.copyfile(DEMO_SETTINGS, raw / FILE_NAME)


def raw_tables_of_demo(on_progress: Callable[[str, float], None]) -> Path:
    """Return the folder of the demo's raw tables, which lies outside of output folders, as a company's own would."""
    sources = sorted((Path(__file__).parent / "demo").glob("*.py"))
    version = hashlib.md5(b"".join(file.read_bytes() for file in [*sources, DEMO_SETTINGS])).hexdigest()[:12]
    raw = PROJECT / "target" / f"demo_raw_{version}"
    if raw.is_dir():
        return raw
    raw.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=raw.parent) as folder:
        unfinished = Path(folder) / "raw"
        write_demo(unfinished, on_progress)
        try:
            os.rename(unfinished, raw)
        except OSError:
            # another build was quicker, and the same generator makes the same files
            if not raw.is_dir():
                raise
    return raw
