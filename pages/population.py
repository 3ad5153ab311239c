"""Population: what a model looks at over many patients, and how it does on single leads."""

from ui.population import population
from ui.shell import through_entry

through_entry("pages/population.py")

population()
