"""A report about all members, as a file."""

import csv
import importlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from member_api import clock
from member_api.registry import Member
from member_api.settings import Settings

Render = Callable[[Sequence[Member]], str]


class UnknownFormatError(Exception):
    """No module is installed for this report format."""


def render_csv(members: Sequence[Member]) -> str:
    """Return a header and a line per member."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", "name", "email"])
    writer.writerows([member.number, member.name, member.email] for member in members)
    return text.getvalue()


def load_format(name: str) -> Render:
    """Return the function that renders format `name`: ours for `csv`, else `render` of module `member_format_NAME`.

    Raises UnknownFormatError when there is no such module.
    """
    if name == "csv":
        return render_csv
    try:
        module = importlib.import_module(f"member_format_{name}")
    except ModuleNotFoundError as error:
        raise UnknownFormatError(name) from error
    render: Render = module.render
    return render


def write_report(members: Sequence[Member], settings: Settings) -> Path:
    """Write today's report into the export folder, replacing an earlier one of the same day, and return its path."""
    render = load_format(settings.report_format)
    day = clock.local_day(clock.now())
    path = settings.export_dir / f"members-{settings.region}-{day}.{settings.report_format}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(members), encoding="utf-8")
    return path
