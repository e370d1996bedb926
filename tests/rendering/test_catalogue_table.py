"""``backproof list``: every entry, those that match, and the same as data."""

import json

import pytest
from click.testing import CliRunner

from derivations import catalogue
from verify.cli import main


def listed(*arguments):
    """What the command prints, on a wide page."""
    return CliRunner().invoke(main, ["list", *arguments])


def test_every_entry_is_listed():
    """Each entry has a row with its name, the number of its gradients and what is known of them."""
    shown = listed()
    assert shown.exit_code == 0
    for name, entry in catalogue().items():
        row = next(line for line in shown.stdout.splitlines() if line.split()[:1] == [name])
        assert f" {len(entry.gradients)} " in row
        assert entry.scope.split()[0] in row


@pytest.mark.parametrize(("words", "wanted"), [(["LSTM"], {"lstm_cell"}), (["softmax", "mikolov"], {"word2vec_softmax"})])
def test_words_choose(words, wanted):
    """All words must be there, in the name, the title or the source, whatever their case."""
    assert {entry["name"] for entry in json.loads(listed(*words, "--json").stdout)} == wanted


def test_nothing_matches():
    """No entry: an empty array or a message, and status 1."""
    assert (listed("no such thing", "--json").stdout, listed("no such thing", "--json").exit_code) == ("[]\n", 1)
    assert listed("no such thing").exit_code == 1
    assert "no entry" in listed("no such thing").stderr


def test_the_data():
    """The data say of an entry what its page says; why something is only tested is there where it is."""
    found = {entry["name"]: entry for entry in json.loads(listed("--json").stdout)}
    assert set(found) == set(catalogue())
    entry = found["matrix_inverse"]
    assert entry["decided"] == "tested at dim = 2"
    assert "fixed size" in entry["tested_because"]
    assert found["sigmoid"]["decided"] == "proved"
    assert found["sigmoid"]["tested_because"] is None
    assert {"gradient": "da/dz", "mistake": "sign"} in found["sigmoid"]["pitfalls"]
