"""Tables on the terminal and in documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table


def new_console(columns: int) -> Console:
    """As wide as the tables need where the output is a file, and no terminal wraps it."""
    console = Console()
    return console if console.is_terminal else Console(width=columns)


@contextmanager
def until_interrupted(console: Console) -> Iterator[None]:
    """Around a long list of measurements: Ctrl-C ends the list, and keeps what was measured."""
    try:
        yield
    except KeyboardInterrupt:
        console.print("interrupted: what follows is what was measured until then")


def new_table(left: Iterable[str], right: Iterable[str], last: Iterable[str] = ()) -> Table:
    """Texts on the left, numbers aligned on the right, and texts again."""
    table = Table(box=None, pad_edge=False)
    for names, justify in ((left, "left"), (right, "right"), (last, "left")):
        for name in names:
            table.add_column(name, justify=justify, no_wrap=True)
    return table


def ratio_text(ratio: float | None) -> str:
    if ratio is None:
        return "-"
    text = f"{ratio:.0f}x" if ratio >= 100 else f"{ratio:.1f}x" if ratio >= 10 else f"{ratio:.2f}x"
    return text if ratio >= 1 else f"[red]{text}[/red]"


def markdown(heads: Iterable[object], lines: Iterable[Iterable[object]]) -> list[str]:
    heads = list(heads)
    return [markdown_row(cells) for cells in (heads, ["---"] * len(heads), *lines)]


def markdown_row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
