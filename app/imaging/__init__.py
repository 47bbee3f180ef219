"""Images: bytes or arrays in, arrays or verdicts out."""
