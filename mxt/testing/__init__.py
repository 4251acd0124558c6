"""Contract checks for authors of stages.

Every check is a named function of one stage that raises where the stage does not keep its contract. Run them
from the shell (``mxt plugins check NAME``) or in a test suite:

>>> import pytest
>>> from mxt.testing import checks_for
>>> from mxt.plugin import Param, StageSpec
>>> spec = StageSpec(kind="head", name="mine", summary="a head", target="mypackage.mine:Mine")
>>> @pytest.mark.parametrize("check", checks_for(spec, plugin="mypackage.plugin"), ids=str)
... def test_keeps_the_contract(check):
...     check.run_in_pytest()
"""

from mxt.testing.checks import Check, Outcome, checks_for
from mxt.testing.subject import CheckRefused, CheckSkipped, ContractBroken, Subject

__all__ = ["Check", "CheckRefused", "CheckSkipped", "ContractBroken", "Outcome", "Subject", "checks_for"]
