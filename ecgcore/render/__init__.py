"""Drawing: paper geometry in millimetres, plotly figures, PDF."""
