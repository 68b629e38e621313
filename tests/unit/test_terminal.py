"""Names and values from files, shown in the terminal."""

import io

import pytest
from customer_journey.progress import Progress
from customer_journey.terminal import PlainConsole, plain, plain_line
from rich.table import Table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Đỗ Thị Hà, 10 %", "Đỗ Thị Hà, 10 %"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("over\rwritten\x08\t\x00", r"over\x0dwritten\x08\x09\x00"),
        ("\x9b2J", r"\x9b2J"),
        ("txt.\u202egpj", r"txt.\u202egpj"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        # a byte of a file name that is not UTF-8
        ("h\udce0", r"h\xe0"),
        ("[/x] [bold]", "[/x] [bold]"),
    ],
)
def test_text_reads_as_it_is(text: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters and markup in names are shown as text, and not obeyed by the terminal."""
    assert plain(text) == shown
    PlainConsole(width=200).print(text)
    table = Table(text)
    table.add_row(text)
    PlainConsole(width=200).print(table)
    said = capsys.readouterr().out
    assert said.count(shown) == 3
    assert not {character for character in said if ord(character) < 32} - {"\n"}


def test_a_line_is_one_line() -> None:
    """A message stays one line even if a value contains line breaks."""
    assert plain_line("a\nb\r\nc\u2028d") == "a b c d"


def test_progress_takes_a_table_for_no_markup() -> None:
    """A table name that looks like markup does not break the progress display."""
    console = PlainConsole(width=200)
    console.file = io.StringIO()
    console._force_terminal = True
    with Progress(console).step("Landing") as step:
        step.share("[/x]\x1b[2J", 0.5)
        step.count("[/red]", 1, 2)
    assert "\x1b[2J" not in console.file.getvalue()
