"""Who lists models, or reads a card, waits for no network's library."""

import subprocess
import sys

import pytest

import ecgcore.inference

_ASK = """
import sys
from ecgcore.inference import available_models, model_folder, model_for, read_card, weights_root
cards = [read_card(model_folder(name)) for name in available_models()]
print(len(cards), weights_root().name, "torch" in sys.modules)
from ecgcore.inference import load_model, predict
print("torch" in sys.modules, callable(predict))
"""


def test_the_shelf_is_looked_at_without_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASK], capture_output=True, text=True, timeout=120, check=True
    )
    first, second = done.stdout.splitlines()
    count, root, loaded = first.split()
    assert int(count) >= 1
    assert root == "weights"
    assert loaded == "False"
    assert second == "True True"


def test_a_study_is_made_without_torch() -> None:
    ask = "import sys; from ecgcore.study import Study; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "False"


def test_every_name_of_the_face_is_there_and_no_other() -> None:
    for name in ecgcore.inference.__all__:
        assert getattr(ecgcore.inference, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ecgcore.inference.nothing
