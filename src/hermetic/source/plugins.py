"""Fixtures that the project does not define: those of pytest and of well-known plugins."""

from __future__ import annotations

from hermetic.source import roles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hermetic.source.module import Module
    from hermetic.source.project import Project
    from hermetic.source.scope import Scope

KNOWN = frozenset({
    # pytest
    "cache", "capfd", "capfdbinary", "caplog", "capsys", "capsysbinary", "capteesys", "doctest_namespace",
    "monkeypatch", "pytestconfig", "pytester", "record_property", "record_testsuite_property", "record_xml_attribute",
    "recwarn", "request", "subtests", "testdir", "tmp_path", "tmp_path_factory", "tmpdir", "tmpdir_factory",
    # plugins whose fixtures do not touch the state of the process, or are judged by what is called on them
    "aiohttp_client", "aiohttp_raw_server", "aiohttp_server", "anyio_backend", "anyio_backend_name",
    "anyio_backend_options", "autojump_clock", "benchmark", "benchmark_weave", "celery_app", "celery_config",
    "celery_session_app", "celery_session_worker", "celery_worker", "class_mocker", "cov", "data_regression", "datadir",
    "event_loop", "event_loop_policy", "faker", "file_regression", "free_tcp_port", "free_tcp_port_factory",
    "free_udp_port", "free_udp_port_factory", "freezer", "fs", "gen", "http_server", "httpserver", "httpx2_mock",
    "httpx_mock", "io_loop", "loop", "lazy_datadir", "lazy_shared_datadir", "mock_clock", "mocker", "module_mocker",
    "no_cover", "num_regression", "nursery", "original_datadir", "package_mocker", "proactor_loop", "qapp", "qtbot",
    "requests_mock", "respx_mock", "session_mocker", "shared_datadir", "smtpd", "snapshot", "stop_server",
    "test_client", "testrun_uid", "thread_comm", "time_machine", "unused_tcp_port", "unused_tcp_port_factory",
    "unused_udp_port", "unused_udp_port_factory", "vcr", "vcr_config", "worker_id",
    # pytest-django, pytest-flask
    "accept_any", "accept_json", "admin_client", "admin_user", "async_client", "async_rf", "client", "client_class",
    "config", "db", "django_assert_max_num_queries", "django_assert_num_queries", "django_capture_on_commit_callbacks",
    "django_db_blocker", "django_db_setup", "django_user_model", "django_username_field", "live_server", "mailoutbox",
    "rf", "settings", "transactional_db",
})  # fmt: skip


def is_unknown(name: str, root: Scope, project: Project) -> bool:
    """Tell whether a test requests a fixture that nobody is seen to define, which may put back anything.

    A name that the files around the test write in quotes is taken for a parameter of `metafunc.parametrize`.
    """
    if name in KNOWN or name.startswith("hermetic"):
        return False
    if not roles.is_requesting(root, name):
        return False
    return not is_parameter(name, root.module, project)


def is_parameter(name: str, module: Module, project: Project) -> bool:
    """Tell whether a file, or one that gives it fixtures, speaks of parameters and has a name in quotes."""
    known: dict[str, bool] = module.top.memo.setdefault("quoted", {})
    if name not in known:
        levels = (level.data for level in project.providers(module) if level.holds((b"parametrize",)))
        known[name] = any(is_quoted(data, name.encode()) for data in levels)
    return known[name]


def is_quoted(data: bytes, word: bytes) -> bool:
    """Tell whether a word stands in quotes, at the beginning or end of what they hold."""
    return any(sign + word in data or word + sign in data for sign in (b'"', b"'"))
