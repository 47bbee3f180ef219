"""Mappings to FHIR and HL7 v2, and what sends them."""
