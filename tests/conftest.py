"""What all tests share."""

pytest_plugins = [
    "pytester",
    "helpers.fixtures.collecting",
    "helpers.fixtures.deadline",
    "helpers.fixtures.environment",
    "helpers.models.firefox_models",
    "helpers.fixtures.groups",
    "helpers.fixtures.neural",
    "helpers.fixtures.orphans",
    "helpers.fixtures.interpreted",
    "helpers.fixtures.place",
    "helpers.fixtures.skips",
]
