"""`ftsuite report RUN`: write a run's report anew from the files in its folder."""

from __future__ import annotations

import click


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--open", "open_it", is_flag=True, help="Open the report in the browser.")
def report(run: str, open_it: bool) -> None:
    """Write a run's report anew and print where it is.

    RUN is a run folder, or that of a cross-validation, or `last` for the newest. The report is made from the files in
    the folder alone; nothing is trained or evaluated again.
    """
    from ftsuite.runs.folds_folder import REPORT, finished_folds, read_folds

    folds = finished_folds(run)
    if folds is not None:
        from ftsuite.report.folds_page import write_folds_page

        path = folds / REPORT
        write_folds_page(path, read_folds(folds))
    else:
        from ftsuite.report import write_report
        from ftsuite.runs import resolve_run, thumbnails_for

        folder = resolve_run(run)
        path = write_report(folder, thumbnails=thumbnails_for(folder))
    click.echo(str(path))
    if open_it:
        click.launch(path.resolve().as_uri())
