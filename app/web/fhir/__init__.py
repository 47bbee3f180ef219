"""FHIR R4 under `/fhir`: reports read, orders taken."""
