"""What all tests share: Hypothesis without clock, network or files of its own."""

import hypothesis

hypothesis.settings.register_profile(
    "skfocal", deadline=None, derandomize=True, max_examples=50, database=None
)
hypothesis.settings.load_profile("skfocal")
