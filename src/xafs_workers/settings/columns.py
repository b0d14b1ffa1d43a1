"""Settings of the columns and detectors of a beamline."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from xafs_workers.settings.section import Section


class Columns(Section):
    """Names of the data keys at this beamline; '' for a detector that it has not."""

    stream: str = Field(
        default="",
        description="stream with the points; '' for primary if it has points, else the one with most of the columns",
    )
    i0: str = Field(default="", description="ion chamber before the sample")
    it: str = Field(default="", description="ion chamber behind the sample")
    ir: str = Field(default="", description="ion chamber behind the reference sample")
    iy: str = Field(default="", description="electron yield")
    pips: str = Field(default="", description="current of the PIPS diode, which measures fluorescence")
    diode: str = Field(default="", description="current of the photodiode, which measures a reflected beam")
    diffuse: tuple[str, ...] = Field(
        default=(),
        description="diffuse scattering on an area detector: the first key that a run has",
    )
    specular: tuple[str, ...] = Field(default=(), description="specular scattering: the first key that a run has")
    area_total: str = Field(default="", description="counts on the whole area detector, for maps")
    energy: str = Field(default="", description="photon energy; '' for none, then the next three are tried")
    energy_lists: tuple[str, ...] = Field(
        default=("user_input.E_points", "scan.energy"),
        description="lists in start documents with the energy of each point; inner keys after dots",
    )
    energy_bins: tuple[str, ...] = Field(
        default=("energy_bins/E_centers",), description="stream/key of arrays with the energy of each bin of a fly scan"
    )
    bragg: str = Field(
        default="",
        description="angle of the monochromator: gives the energy, or beside an energy the d-spacing; '' for none",
    )
    d_spacing: str = Field(
        default="",
        description="key of the crystal's d-spacing in the configuration of the descriptor; see `metadata.d_spacing`",
    )
    units: dict[str, str] = Field(
        default={},
        description="unit of a data key, or of a path of `energy_lists`, that the documents give wrongly or not at all",
    )
    dwell_time: str = Field(default="", description="dwell time, seconds")
    downwards: tuple[str, ...] = Field(
        default=(), description="slow axes of maps that are drawn with positions growing downwards"
    )


class Metadata(Section):
    """Places in start documents that name the sample and its edge, the first that is there; inner keys after dots."""

    element: tuple[str, ...] = Field(
        default=("XDI.Element.symbol", "element", "user_input.element", "scan.element"),
        description="symbol of the absorber; text such as `Ni_K` names both element and edge",
    )
    edge: tuple[str, ...] = Field(
        default=("XDI.Element.edge", "edge", "user_input.edge", "scan.edge"),
        description="absorption edge, such as K; text such as `Ni_K` names both element and edge",
    )
    sample: tuple[str, ...] = Field(
        default=("XDI.Sample.name", "sample_name", "sample.name", "scan_title"), description="name of the sample"
    )
    d_spacing: tuple[str, ...] = Field(
        default=("XDI.Mono.d_spacing", "d_spacing"),
        description="d-spacing of the monochromator, Å, or a mapping of several crystals' by device",
    )


class DetectorTable(Section):
    """Channels of one fluorescence detector, in the order in which they are summed, and their data keys."""

    channels: tuple[int, ...] = Field(description="numbers of the channels, from 0 or from 1 as in the data keys")
    column: str = Field(description="data key of a channel, e.g. `xs_channel{channel:02d}_total`")

    @field_validator("column")
    @classmethod
    def _a_pattern(cls, column: str) -> str:
        try:
            differs = column.format(element="Fe", channel=1) != column.format(element="Fe", channel=2)
        except (LookupError, ValueError):
            differs = False
        if not differs:
            raise PydanticCustomError("column", "expected a name with {channel} and perhaps {element}")
        return column

    def list_keys(self, element: str) -> tuple[str, ...]:
        """List the data keys of the channels for an element's symbol."""
        return tuple(self.column.format(element=element, channel=channel) for channel in self.channels)


class Detectors(Section):
    """Channels of each fluorescence detector, in the order in which they are summed."""

    channels: dict[str, tuple[int, ...]] = Field(
        default={}, description="numbers of the channels of each detector, by the name that messages give"
    )
    column: str = Field(
        default="{element}{channel}",
        pattern=r"\{channel\}",
        description="data key of a channel's region of interest; {element} is optional",
    )
    table: dict[str, DetectorTable] = Field(
        default={},
        description="channels and column of each detector whose data keys have a form of their own, by the name of its "
        "device or the name that messages give; these take precedence over `channels`",
    )
    single_channel: int | None = Field(
        default=None, description="channel that messages ask for as `xs1`, whatever detector they name; null: none"
    )
    regions_file: Path | None = Field(
        default=None,
        description="JSON file with `low` and `high` of each element's edges, in bins of 10 eV (e.g. rois.json of the "
        "profile): figures of spectra mark them; read again when the session sends `reset_rois`",
    )


class Goniometer(Section):
    """Data keys and constants of reflectivity measured on a goniometer with a Mythen strip detector; '' for none."""

    eta: str = Field(default="", description="angle of the sample, degrees")
    delta: str = Field(default="", description="angle of the detector, degrees")
    nu: str = Field(default="", description="second angle of the detector, degrees")
    direct: str = Field(default="", description="counts in the region of the direct beam")
    reflected: str = Field(default="", description="counts in the region of the reflected beam")
    largest: str = Field(default="", description="counts of the pixel with most counts")
    total: str = Field(default="", description="counts of all pixels")
    monitor: str = Field(default="", description="counts of the beam monitor")
    attenuator: str = Field(default="", description="setting of the attenuator, a whole number")
    image: str = Field(default="", description="counts of each pixel")
    attenuator_factors: tuple[float, ...] = Field(
        default=(),
        description="factor of each setting of the attenuator, from 0 on, by which counts are multiplied",
    )
    count_limit: float = Field(
        default=120_000.0, gt=0, description="counts of one pixel above which the detector may be saturated"
    )
    pixel_width: float = Field(default=0.05, gt=0, description="width of a pixel, mm")
