"""The report about all members."""

import os
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from member_api.exports import UnknownFormatError, load_format, write_report
from member_api.registry import MemberRegistry, NewMember
from member_api.settings import Settings

FINN = NewMember(name="Finn", email="finn@example.org")


@pytest.mark.parametrize("name", ["shout", "xml"])
def test_format_that_nobody_installed_is_refused(name: str) -> None:
    with pytest.raises(UnknownFormatError):
        load_format(name)


class TestReport:
    def setup_method(self) -> None:
        noon = datetime(2030, 1, 1, 12).astimezone()
        patch("member_api.clock.now", return_value=noon).start()
        self.registry = MemberRegistry()

    def test_file_is_named_after_region_and_day(self, tmp_path: Path) -> None:
        os.chdir(tmp_path)
        path = write_report(self.registry.all(), Settings.from_environ(os.environ))
        assert path == Path("exports/members-eu-2030-01-01.csv")

    def test_second_report_of_the_day_replaces_the_first(self) -> None:
        first = Path("exports/members-eu-2030-01-01.csv").read_text()
        self.registry.add(FINN)
        path = write_report(self.registry.all(), Settings.from_environ(os.environ))
        assert first == "number,name,email\n"
        assert "Finn" in path.read_text()
