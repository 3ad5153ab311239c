"""JSON of any kind, FHIR Observations and AliveCor Kardia."""
