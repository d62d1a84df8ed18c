"""NannyML and Evidently, each in an environment of its own, asked what the dashboard answers: performance by month."""
