"""The checks before a commit and in CI: from this environment, and the same as by hand."""

import re

import pytest

from tests.conftest import ROOT

RUN = (ROOT / ".ci" / "run").read_text()
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


@pytest.fixture
def yaml():
    return pytest.importorskip("yaml", reason="locks/dev.txt is not installed")


def test_hooks_run_from_the_locked_environment(yaml):
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"
    for hook in local["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")
        for path in re.findall(r"tests/\S+", hook["entry"]):
            assert (ROOT / path).is_file()


def test_the_workflow_runs_what_ci_runs(yaml):
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    steps = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert ".ci/run" in steps
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_ci_checks_style_types_documents_and_tests():
    made = " ".join(re.findall(r"(?m)make (.*)$", RUN))
    assert {"lint", "types", "docs", "test"} <= set(made.split())


def test_the_citation_names_the_version_of_the_package(yaml):
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert f'version = "{cited["version"]}"' in (ROOT / "pyproject.toml").read_text()
    assert cited["license"] == "MIT"
