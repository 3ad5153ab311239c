"""No licence that this project cannot keep, and every network says what it learned from."""

import pytest

from ecgcore.errors import ModelError
from ecgcore.evaluation.model_folder import (
    LICENCE_FILE,
    licence_text,
    weights_licence,
    write_licence,
)
from ecgcore.inference import load_model
from scripts import licences
from scripts.licences import WEIGHTS, cards, is_forbidden, is_weak_copyleft
from scripts.pins import APP, CUDA, DEV, TORCH, read_pins
from tests.conftest import skip_or_fail

CARDS = cards()


@pytest.fixture(scope="module")
def text():
    try:
        return licences.document()
    except LookupError as error:
        skip_or_fail(f"not all of locks/dev.txt is installed: {error}")


def test_the_document_is_what_the_packages_say(text):
    assert licences.DOCUMENT.read_text() == text, "run make licences"


def test_no_package_is_under_the_gpl_or_agpl(text):
    for lock in (APP, TORCH, DEV, CUDA):
        for pin in read_pins(lock):
            assert not is_forbidden(licences.licence_of(pin)), pin.name


@pytest.mark.parametrize("words", ["GPL-3.0-only", "AGPL-3.0-or-later", "MIT AND GPL-2.0", "GPLv3"])
def test_strong_copyleft_is_recognised(words):
    assert is_forbidden(words)


@pytest.mark.parametrize(
    "words", ["MIT", "LGPL-2.1-only", "MPL-2.0 AND MIT", "GPL-3.0-or-later WITH GCC-exception-3.1"]
)
def test_other_licences_pass(words):
    assert not is_forbidden(words)
    assert is_weak_copyleft(words) == words.startswith(("LGPL", "MPL"))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.full_name)
def test_card_and_readme_state_the_licence_of_every_data_set(card):
    readme = (WEIGHTS / card.full_name / "README.md").read_text()
    assert card.data
    for source in card.data:
        assert source.licence
        told = [line for line in readme.splitlines() if source.title in line]
        assert any(source.licence in line for line in told), source.title


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.full_name)
def test_what_learned_from_shared_alike_data_is_shared_alike(card):
    notice = WEIGHTS / card.full_name / LICENCE_FILE
    learned = any("Brugada" in source.title or "-SA" in source.licence for source in card.data)
    assert learned == notice.exists() == (weights_licence(card) == "CC BY-SA 4.0")
    if learned:
        assert notice.read_text() == licence_text(card)
        assert "licenses/by-sa/4.0" in notice.read_text()


def test_every_folder_of_weights_has_a_card():
    assert {path.name for path in WEIGHTS.iterdir()} == {card.full_name for card in CARDS}


def test_a_released_folder_gets_its_notice_and_still_loads(tmp_path):
    source = WEIGHTS / "danet-iavb-1"
    for name in ("card.json", "model.safetensors"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    card = next(c for c in CARDS if c.full_name == source.name)
    write_licence(card, tmp_path)
    assert (tmp_path / LICENCE_FILE).exists()
    assert load_model(tmp_path, task=card.task).card == card
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="is missing"):
        load_model(tmp_path, task=card.task)


def test_a_network_that_no_longer_learned_from_such_data_loses_the_notice(tmp_path):
    free = next(c for c in CARDS if weights_licence(c) == "MIT")
    (tmp_path / LICENCE_FILE).write_text("old")
    write_licence(free, tmp_path)
    assert not (tmp_path / LICENCE_FILE).exists()
