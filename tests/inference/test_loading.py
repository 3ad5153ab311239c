"""What loads as a model, and what does not."""

import json

import pytest
import safetensors.torch
import torch

from ecgcore.errors import InvalidArgumentError, ModelError
from ecgcore.inference import available_models, load_model, read_card, use_threads
from tests.synthetic import write_tiny_model


@pytest.fixture
def folder(tmp_path):
    return write_tiny_model(tmp_path / "models" / "tiny-1")


def edit_card(folder, **changes):
    path = folder / "card.json"
    card = json.loads(path.read_text())
    for key, value in changes.items():
        if value is None:
            del card[key]
        else:
            card[key] = value
    path.write_text(json.dumps(card))


def test_a_whole_folder_loads(folder):
    model = load_model(folder)
    assert model.name == "tiny-1"
    assert not model.network.training
    assert not any(p.requires_grad for p in model.network.parameters())


def test_a_card_survives_writing_and_reading(folder):
    card = read_card(folder)
    (folder / "card.json").write_text(card.to_json())
    assert read_card(folder) == card


def test_models_are_found_by_name(folder, monkeypatch):
    monkeypatch.setenv("ECG_WEIGHTS", str(folder.parent))
    assert available_models() == ["tiny-1"]
    assert load_model("tiny-1").name == "tiny-1"
    with pytest.raises(ModelError, match="tiny-1"):
        load_model("other-1")
    monkeypatch.setenv("ECG_WEIGHTS", str(folder.parent / "nowhere"))
    assert available_models() == []


@pytest.mark.parametrize("name", ["", ".", "..", "../tiny-1", "/nowhere/at/all"])
def test_a_name_does_not_lead_out_of_the_folder_of_models(folder, monkeypatch, name):
    monkeypatch.setenv("ECG_WEIGHTS", str(folder))
    with pytest.raises(ModelError):
        load_model(name)


def test_altered_weights_are_refused(folder):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError, match="SHA-256"):
        load_model(folder)


@pytest.mark.parametrize("change", ["drop", "add", "shape"])
def test_weights_that_do_not_fit_are_refused_even_with_the_right_digest(folder, change):
    import hashlib

    path = folder / "model.safetensors"
    tensors = safetensors.torch.load(path.read_bytes())
    if change == "drop":
        del tensors["head.bias"]
    elif change == "add":
        tensors["more"] = torch.zeros(1)
    else:
        tensors["head.bias"] = torch.zeros(8)
    content = safetensors.torch.save(tensors)
    path.write_bytes(content)
    edit_card(folder, weights_sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ModelError, match="do not fit"):
        load_model(folder)


def test_what_is_no_safetensors_file_is_refused(folder):
    import hashlib

    content = b"\x80\x04 a pickle"
    (folder / "model.safetensors").write_bytes(content)
    edit_card(folder, weights_sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(folder)


@pytest.mark.parametrize("file", ["card.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(ModelError, match=file):
        load_model(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 99},
        {"labels": None},
        {"labels": []},
        {"surplus": 1},
        {"input": {"leads": ["I", "MLII"]}},
        {"input": {"leads": ["I"], "min_s": 20.0}},
        {"architecture": "nothing"},
        {"arguments": {"n_labels": 8}},
    ],
)
def test_an_incomplete_or_impossible_card_is_refused(folder, changes):
    edit_card(folder, **changes)
    with pytest.raises(ModelError):
        load_model(folder)


def test_a_card_that_is_no_json_is_refused(folder):
    (folder / "card.json").write_text("{")
    with pytest.raises(ModelError, match=r"card\.json"):
        load_model(folder)


def test_a_card_must_name_as_many_labels_as_the_network_has(folder):
    labels = json.loads((folder / "card.json").read_text())["labels"][:5]
    edit_card(folder, labels=labels)
    with pytest.raises(ModelError, match="5 labels"):
        load_model(folder)


def test_the_number_of_threads_is_set_and_checked():
    before = torch.get_num_threads()
    try:
        use_threads(1)
        assert torch.get_num_threads() == 1
        with pytest.raises(InvalidArgumentError):
            use_threads(0)
    finally:
        use_threads(before)
