"""Papers that several stages cite."""

from __future__ import annotations

CHOI_2017 = (
    "K. Choi, G. Fazekas, M. Sandler, K. Cho: Transfer learning for music classification and regression "
    "tasks, ISMIR 2017, arXiv:1703.09179"
)
SHTERN_2017 = (
    "M. Shtern, R. Ejaz, V. Tzerpos: Transfer learning in neural networks: an experience report, CASCON 2017"
)
