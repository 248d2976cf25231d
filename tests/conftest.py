"""What all tests share."""

import hypothesis

# One example takes as long as the machine lets it; the limit of a test is pytest-timeout's.
hypothesis.settings.register_profile("voicestream", deadline=None)
hypothesis.settings.load_profile("voicestream")

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
    "helpers.fixtures.signals",
    "helpers.fixtures.skips",
]
