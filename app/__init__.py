"""Vexascope: screening of blood smears for VEXAS syndrome. Research use only."""

__version__ = "0.1.0"
