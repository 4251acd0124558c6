"""Nonsense for every option; no option is left out."""

from __future__ import annotations

import nonsense_options
from hostile_names import check

from mxt.cli.main import COMMANDS


def test_nonsense_options_are_refused_in_a_line_or_mean_something(tmp_path):
    check(nonsense_options.try_words(tmp_path, nonsense_options.sample(120)))


def test_every_command_is_tried_with_every_option_it_has():
    tried = {command.path.split()[0] for command in nonsense_options.commands()}
    assert tried == set(COMMANDS) - nonsense_options.NOT_RUN
    lines = {" ".join(words) for words in nonsense_options.singles()}
    for command in nonsense_options.commands():
        for option in (*command.options, *command.flags):
            given = (option in line and line.startswith(command.path) for line in lines)
            assert any(given), f"{command.path} {option}"
