import pytest
from click.testing import CliRunner

from cli import keys as cli_keys
from contract import keys
from contract.errors import UnknownApiKey


@pytest.fixture
def run(store, monkeypatch):
    monkeypatch.setattr(cli_keys, "_store", lambda: store)
    return lambda *words: CliRunner().invoke(cli_keys.keys, words)


def test_a_key_is_printed_alone_on_stdout_and_then_only_named(run, store):
    token = run("add", "ci").stdout.strip()
    (key,) = keys.every(store)
    assert key.opens(token)
    listed = run("list").stdout
    assert key.id in listed and "ci" in listed and token not in listed


def test_revoke(run, store):
    run("add", "ci")
    (key,) = keys.every(store)
    assert run("add", "ci too").exit_code == 0
    other = next(each for each in keys.every(store) if each.id != key.id)
    assert run("revoke", other.id).stderr == f"{other.id} is revoked\n"
    done = run("revoke", key.id)
    assert done.exit_code == 0 and keys.every(store) == []
    assert "no key is left: an API without KERASQ_REQUIRE_KEY=1 now lets in everybody" in done.stderr
    assert isinstance(run("revoke", key.id).exception, UnknownApiKey)
