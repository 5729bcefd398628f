"""`ftsuite report RUN`: write a run's report anew from the files in its folder."""

from __future__ import annotations

import click


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--open", "open_it", is_flag=True, help="Open the report in the browser.")
def report(run: str, open_it: bool) -> None:
    """Write a run's report anew and print where it is.

    RUN is a run folder, or `last` for the newest one. The report is made from the files in the run folder
    alone; nothing is trained or evaluated again.
    """
    from ftsuite.report import write_report
    from ftsuite.runs import resolve_run, thumbnails_for

    folder = resolve_run(run)
    path = write_report(folder, thumbnails=thumbnails_for(folder))
    click.echo(str(path))
    if open_it:
        click.launch(path.resolve().as_uri())
