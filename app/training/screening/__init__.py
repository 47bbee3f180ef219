"""The screening rule: fitted on a cohort of patients, compared, and tried by simulation."""
