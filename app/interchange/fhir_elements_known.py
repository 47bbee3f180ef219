"""The names of the elements of those R4 resources that are taken in (R4 4.0.1, their definitions).

What is not among them is a misspelt element, and refused rather than lost.
"""

from typing import Final

_SERVICE_REQUEST = """
    identifier instantiatesCanonical instantiatesUri basedOn replaces requisition status intent
    category priority doNotPerform code orderDetail quantityQuantity quantityRatio quantityRange
    subject encounter occurrenceDateTime occurrencePeriod occurrenceTiming asNeededBoolean
    asNeededCodeableConcept authoredOn requester performerType performer locationCode
    locationReference reasonCode reasonReference insurance supportingInfo specimen bodySite note
    patientInstruction relevantHistory
"""
SERVICE_REQUEST: Final = frozenset(_SERVICE_REQUEST.split())
_PATIENT = """
    identifier active name telecom gender birthDate deceasedBoolean deceasedDateTime address
    maritalStatus multipleBirthBoolean multipleBirthInteger photo contact communication
    generalPractitioner managingOrganization link
"""
PATIENT: Final = frozenset(_PATIENT.split())
_SPECIMEN = """
    identifier accessionIdentifier status type subject receivedTime parent request collection
    processing container condition note
"""
SPECIMEN: Final = frozenset(_SPECIMEN.split())
