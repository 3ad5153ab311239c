"""What pyproject.toml cannot say: the networks of ``weights`` are installed in the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["ecgcore", "ecgcore.*"]), "ecgcore.weights"],
    package_dir={"ecgcore": "ecgcore", "ecgcore.weights": "weights"},
    package_data={"": ["py.typed", "*.toml", "*.json"], "ecgcore.weights": ["*/*"]},
)
