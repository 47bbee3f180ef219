"""From a bundle and an annotated data set to an evaluation: a page, numbers and predictions.

Without torch. What needs scipy or scikit-learn imports them when it is called (the extra
`evaluate`), so that a command without them can say which extra is missing.
"""
