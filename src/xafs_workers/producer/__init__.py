"""What a beamline's own session imports: control messages out, answers in; light and without plotting."""

from xafs_workers.producer.alignments import (
    Result,
    slot_found,
    spinner_found,
    wafer_edge_found,
    with_spinner_alignment,
    with_wheel_alignment,
)
from xafs_workers.producer.answers import NoAnswer
from xafs_workers.producer.legacy_api import (
    close_last_plot,
    close_line_plots,
    close_plots,
    kafka_verbose,
    preserve,
    regenerate_file,
)
from xafs_workers.producer.plans import MapAxis, send_plan, with_areascan_plot, with_linescan_plot, with_timescan_plot
from xafs_workers.producer.requests import ask, ask_plan
from xafs_workers.producer.send import DeliveryError, flush, kafka_message
from xafs_workers.producer.sequences import Sequence, with_xafs_plots

__all__ = [
    "DeliveryError",
    "MapAxis",
    "NoAnswer",
    "Result",
    "Sequence",
    "ask",
    "ask_plan",
    "close_last_plot",
    "close_line_plots",
    "close_plots",
    "flush",
    "kafka_message",
    "kafka_verbose",
    "preserve",
    "regenerate_file",
    "send_plan",
    "slot_found",
    "spinner_found",
    "wafer_edge_found",
    "with_areascan_plot",
    "with_linescan_plot",
    "with_spinner_alignment",
    "with_timescan_plot",
    "with_wheel_alignment",
    "with_xafs_plots",
]
