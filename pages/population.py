"""Population: what a model looks at over many patients, and how it does on single leads."""

from ui.population import population

population()
