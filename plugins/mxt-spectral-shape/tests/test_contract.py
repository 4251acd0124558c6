from __future__ import annotations

import pytest
from mxt_spectral_shape.plugin import mxt_stages

from mxt.testing import checks_for

CHECKS = [check for spec in mxt_stages() for check in checks_for(spec, plugin="mxt_spectral_shape.plugin")]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_stage_keeps_its_contract(check):
    check.run_in_pytest()
