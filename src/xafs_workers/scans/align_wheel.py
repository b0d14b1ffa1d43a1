"""Kind of the search for a slot of the sample wheel: two results in messages, or two fits that plans ask for."""

from __future__ import annotations

from xafs_workers.scans.alignments import AlignmentRule, alignment_rules, parse_direction
from xafs_workers.scans.scan import ScanKind, scan_kinds

scan_kinds.register("align_wheel")(
    ScanKind(result_actions=frozenset({"find_slot"}), fits_follow=True, collects_fits=True)
)
alignment_rules.register("align_wheel")(AlignmentRule(lambda state: parse_direction(state.order.motor)))
