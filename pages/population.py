"""Population: what a model looks at over many patients, and how it does on single leads."""

from ui.models.population import show_population
from ui.page import show_page

show_page("pages/population.py", show_population)
