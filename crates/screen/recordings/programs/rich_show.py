"""Rich: tables, syntax, markdown, progress bars, a live table, links, columns, boxes."""

import time

from rich.columns import Columns
from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.panel import Panel
from rich.progress import track
from rich.syntax import Syntax
from rich.table import Table
from rich.tree import Tree

console = Console()
console.print("[bold red]red[/] [italic cyan on white]cyan[/] [link=https://example.org/a]a link[/link] :smiley: 漢字")
table = Table(title="Table 表", show_lines=True)
for name in ["name", "wide 広い", "number"]:
    table.add_column(name)
for number in range(6):
    table.add_row(f"row {number}", "日本語" * (number + 1), f"[green]{number * 1.5}")
console.print(table)
console.print(Syntax("def f(x: int) -> str:\n    return f'{x:>10}'  # comment\n", "python", line_numbers=True))
console.print(Markdown("# Heading\n\n* one\n* two `code`\n\n> quote\n\n1. first\n2. second\n"))
tree = Tree("root")
tree.add("branch").add("leaf 🍃")
console.print(Panel(tree, title="panel"), Columns([f"[blue]column {n}" for n in range(20)]))
for _ in track(range(30), description="working"):
    time.sleep(0.01)
with Live(refresh_per_second=50) as live:
    for count in range(12):
        frame = Table()
        frame.add_column("count")
        for number in range(count % 5 + 1):
            frame.add_row(f"[magenta]{count}.{number}")
        live.update(frame)
        time.sleep(0.01)
