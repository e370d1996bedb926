"""Settings shared by all tests."""

import os

from hypothesis import settings

# The same examples on every run, so that a failure can be repeated; `HYPOTHESIS_PROFILE=explore` looks for new ones.
# No deadlines: a test never fails because the machine is slow.
settings.register_profile("fixed", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
