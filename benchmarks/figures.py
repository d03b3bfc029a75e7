"""What was measured, in rows: one for each case, or for each pass of a layer.

A row is a dict and has at least: name, group, dtype, strategies, share of the machine's limit, and
seconds by contender. The programs print rows and write them to files, which report.py reads.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

OWN = ("fasteinsum", "conv")  # contenders that are not peers
AHEAD = 1.05  # a peer is ahead if fasteinsum takes so many times as long


def ratio(row: dict, peer: str) -> float | None:
    """How many times as long the peer takes; None if it took no part."""
    seconds = row["seconds"]
    return seconds[peer] / seconds["fasteinsum"] if peer in seconds else None


def best_peer(row: dict) -> str | None:
    seconds = {name: time for name, time in row["seconds"].items() if name not in OWN}
    return min(seconds, key=seconds.get, default=None)


def best_ratio(row: dict) -> float | None:
    return ratio(row, best_peer(row))


def is_ahead(ratio: float | None) -> bool:
    return ratio is not None and ratio * AHEAD < 1


def mean_ratio(rows: list[dict], peer: str | None = None) -> float | None:
    """The geometric mean over the rows in which the peer, or any, took part."""
    values = [ratio(row, peer) if peer else best_ratio(row) for row in rows]
    values = [value for value in values if value is not None]
    return statistics.geometric_mean(values) if values else None


def groups_of(rows: list[dict]) -> dict[str, list[dict]]:
    groups: dict[str, list[dict]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    return groups


def time_text(seconds: float) -> str:
    for unit, scale in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def write(path: Path, rows: list[dict], **facts: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n")


def read(path: Path) -> dict:
    return json.loads(path.read_text())
