"""A short run of the fuzzing script; the long one is run by hand."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_mutated_files_give_a_recording_or_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.fuzz_readers", "--inputs", "200", "--seed", "5"]
    command += ["--keep", str(tmp_path / "kept"), "--state", str(tmp_path / "state")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "crash 0, hang 0, memory 0" in done.stdout
