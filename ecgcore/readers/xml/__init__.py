"""The XML of the makers and HL7 aECG; `parse` is the only way to an element."""
