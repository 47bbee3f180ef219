"""What other systems speak: mappings of a report to FHIR and HL7 v2, and what sends them."""
