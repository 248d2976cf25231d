"""What all tests share."""

pytest_plugins = [
    "pytester",
    "helpers.collecting",
    "helpers.deadline",
    "helpers.environment",
    "helpers.firefox_models",
    "helpers.groups",
    "helpers.neural",
    "helpers.orphans",
    "helpers.interpreted",
    "helpers.place",
    "helpers.skips",
]
