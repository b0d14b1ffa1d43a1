"""Functions for a beamline's session: send control messages and receive answers. Light, without plotting libraries."""

from xafs_workers.producer.alignments import (
    AlignmentResult,
    plot_slot_result,
    plot_spinner_alignment,
    plot_spinner_result,
    plot_wafer_edge,
    plot_wheel_alignment,
)
from xafs_workers.producer.answers import NoAnswer
from xafs_workers.producer.fits import align_to_peak, align_to_rectangle, align_to_step
from xafs_workers.producer.legacy_api import (
    close_last_plot,
    close_line_plots,
    close_plots,
    kafka_verbose,
    preserve,
    regenerate_file,
)
from xafs_workers.producer.plans import MapAxis, plot_areascan, plot_linescan, plot_timescan, send_plan
from xafs_workers.producer.requests import ask, ask_plan
from xafs_workers.producer.send import DeliveryError, flush, kafka_message
from xafs_workers.producer.sequences import SequenceDescription, plot_xafs_sequence

__all__ = [
    "AlignmentResult",
    "DeliveryError",
    "MapAxis",
    "NoAnswer",
    "SequenceDescription",
    "align_to_peak",
    "align_to_rectangle",
    "align_to_step",
    "ask",
    "ask_plan",
    "close_last_plot",
    "close_line_plots",
    "close_plots",
    "flush",
    "kafka_message",
    "kafka_verbose",
    "plot_areascan",
    "plot_linescan",
    "plot_slot_result",
    "plot_spinner_alignment",
    "plot_spinner_result",
    "plot_timescan",
    "plot_wafer_edge",
    "plot_wheel_alignment",
    "plot_xafs_sequence",
    "preserve",
    "regenerate_file",
    "send_plan",
]
