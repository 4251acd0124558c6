"""The stages mxt brings; `builtin` names them, their modules are imported when used."""
