"""HRM105: a test leaves a handler whose stream it has closed, and the next one cannot log."""

import io
import logging

import pytest

audit = logging.getLogger("shop.audit")


# pattern: a handler for one test [HRM105]
@pytest.fixture
def audit_log():
    handler = logging.StreamHandler(io.StringIO())
    audit.addHandler(handler)
    yield handler.stream
    audit.removeHandler(handler)
    handler.close()


def test_logging_pattern(audit_log):
    audit.error("sold")
    assert audit_log.getvalue() == "sold\n"


# end of pattern


def logs_without_complaint(capsys):
    audit.error("sold")
    assert "Logging error" not in capsys.readouterr().err


def test_logging_after_pattern(capsys):
    logs_without_complaint(capsys)


def test_logging_polluter():
    with io.StringIO() as stream:
        audit.addHandler(logging.StreamHandler(stream))  # leak HRM105
        audit.error("sold")
        assert stream.getvalue() == "sold\n"


def test_logging_victim(capsys):
    logs_without_complaint(capsys)
