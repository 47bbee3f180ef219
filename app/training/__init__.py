"""From annotated images to a bundle."""
