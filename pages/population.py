"""Population: what a model looks at over many patients, and how it does on single leads."""

from ui.page import show_page
from ui.systems.population import show_population

show_page("pages/population.py", show_population)
