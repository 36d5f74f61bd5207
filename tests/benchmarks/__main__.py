"""`poe bench PART`: each part is a command of its own."""

import typer
from tests.benchmarks.dags.command import dags
from tests.benchmarks.exports.command import exports
from tests.benchmarks.feed.command import feed
from tests.benchmarks.orders.command import orders

app = typer.Typer(
    help="What Tally is measured by. Each part says what it compares.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(orders)
app.command()(exports)
app.command()(feed)
app.command()(dags)


@app.callback()
def parts() -> None:
    """Keep the part's name a part of the command line, however few parts there are."""


if __name__ == "__main__":
    app(prog_name="poe bench")
