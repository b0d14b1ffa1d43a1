"""Control messages as they are sent: by the manual's appendix, and by the acquisition sessions of today."""

from __future__ import annotations

from typing import Any

UID = "8a6f7c1a-2b43-4b0e-b4d1-3c2f6a90c7e5"
PROPOSAL = "/nsls2/data3/bmm/proposals/2025-2/pass-316886"
AXIS, SIGNAL, FIT = [1.0, 2.0, 3.0, 4.0], [0.0, 0.3, 0.31, 0.01], [0.0, 0.31, 0.31, 0.0]
CURVE: dict[str, Any] = {"xaxis": AXIS, "data": SIGNAL, "best_fit": FIT}

TODAYS_KINDS = frozenset(
    """linescan timescan areascan xafsscan xafs_sequence align_wheel glancing_angle wafer mono_calibration xrf xrfat
    close verbose logger refresh_slack describe_slack dossier echoslack mkdir copy touch xasxdi seadxdi lsxdi raster
    next_index file_exists resting_state""".split()
)
"""Kinds that the sessions of today send; new kinds need no entry."""

MANUAL: list[tuple[str, dict[str, Any]]] = [
    ("LinescanStart", {"linescan": "start", "motor": "xafs_x", "detector": "I0"}),
    ("LinescanStop", {"linescan": "end"}),
    ("TimescanStart", {"timescan": "start", "detector": "if"}),
    ("TimescanStop", {"timescan": "stop", "fname": "sead.001", "uid": UID}),
    (
        "AreascanStart",
        {
            "areascan": "start",
            "slow_motor": "xafs_y",
            "slow_start": -9,
            "slow_stop": 9,
            "slow_steps": 91,
            "slow_initial": 120.5,
            "fast_motor": "xafs_x",
            "fast_start": -9,
            "fast_stop": 9,
            "fast_steps": 91,
            "fast_initial": 34.2,
            "detector": "if",
            "element": "Fe",
            "energy": 7200.0,
        },
    ),
    ("AreascanStop", {"areascan": "stop", "uid": UID, "filename": "mymap"}),
    ("AlignWheelStart", {"align_wheel": "start"}),
    (
        "AlignWheelFindSlot",
        {
            "align_wheel": "find_slot",
            "motor": "xafs_x",
            "detector": "it",
            **CURVE,
            "center": 2.5,
            "amplitude": 0.31,
            "uid": UID,
        },
    ),
    ("AlignWheelStop", {"align_wheel": "end"}),
    (
        "XafsscanStart",
        {
            "xafsscan": "start",
            "element": "Fe",
            "edge": "K",
            "mode": "fluorescence",
            "filename": "example",
            "repetitions": 3,
            "sample": "Fe sample",
            "reference_material": "Fe foil",
        },
    ),
    ("XafsscanNext", {"xafsscan": "next", "count": 2}),
    ("XafsscanStop", {"xafsscan": "end"}),
    (
        "XafsSequenceStart",
        {
            "xafs_sequence": "start",
            "element": "Fe",
            "edge": "K",
            "folder": "/home/xf06bm/Data/bucket",
            "repetitions": 3,
            "mode": "fluorescence",
        },
    ),
    ("XafsSequenceAdd", {"xafs_sequence": "add", "uid": UID}),
    ("XafsSequenceStop", {"xafs_sequence": "stop", "filename": "/path/to/dossier/image"}),
    ("CloseAll", {"close": "all"}),
    ("CloseLine", {"close": "line"}),
    ("CloseLast", {"close": "last"}),
]

AREASCAN = {
    "areascan": "start",
    "slow_motor": "xafs_y",
    "slow_start": -1.0,
    "slow_stop": 1.0,
    "slow_steps": 11,
    "slow_initial": 120.5,
    "fast_motor": "xafs_x",
    "fast_start": -2.0,
    "fast_stop": 2.0,
    "fast_steps": 21,
    "fast_initial": 34.2,
    "detector": "Xs",
    "element": "Fe",
    "energy": 7200.0,
}

TODAY: list[tuple[str, dict[str, Any]]] = [
    (
        "LinescanStart",
        {"linescan": "start", "motor": "xafs_x", "detector": "Xs", "fluo_detector": "7-element SDD", "stack": True},
    ),
    ("LinescanStop", {"linescan": "stop"}),
    ("TimescanStart", {"timescan": "start", "detector": "Transmission"}),
    ("TimescanStop", {"timescan": "stop", "fname": "cu_sead_2025-06-05T10-00-00.png", "uid": UID}),
    ("TimescanStop", {"timescan": "stop", "fname": None, "uid": UID}),
    ("AreascanStart", AREASCAN),
    ("AreascanStop", {"areascan": "stop", "uid": UID, "filename": "mymap.png"}),
    (
        "XafsscanStart",
        {
            "xafsscan": "start",
            "element": "Fe",
            "edge": "K",
            "mode": "fluorescence",
            "filename": "mysample",
            "repetitions": 3,
            "sample": "Fe2O3",
            "reference_material": "Fe",
            "fluo_detector": "7-element SDD",
        },
    ),
    ("XafsscanNext", {"xafsscan": "next", "count": 1}),
    ("XafsscanStop", {"xafsscan": "stop", "filename": "snapshots/mysample_liveplot.png", "uid": UID}),
    ("XafsscanStop", {"xafsscan": "stop", "filename": None}),
    (
        "XafsSequenceStart",
        {
            "xafs_sequence": "start",
            "element": "Fe",
            "edge": "K",
            "folder": "/home/xf06bm/Data/bucket",
            "workspace": "/home/xf06bm/Workspace/x",
            "repetitions": 3,
            "mode": "fluorescence",
            "with_yield": False,
        },
    ),
    ("XafsSequenceAdd", {"xafs_sequence": "add", "uid": UID}),
    ("XafsSequenceStop", {"xafs_sequence": "stop", "filename": "snapshots/mysample.png"}),
    ("XafsSequenceEnough", {"xafs_sequence": "enough", "uid": UID, "target": 0.001}),
    ("AlignWheelStart", {"align_wheel": "start"}),
    ("AlignWheelStop", {"align_wheel": "stop"}),
    (
        "AlignWheelFindSlot",
        {
            "align_wheel": "find_slot",
            "motor": "xafs_y",
            "detector": "it",
            **CURVE,
            "center": 118.9,
            "amplitude": 0.31,
            "uid": UID,
        },
    ),
    (
        "GlancingAngleStart",
        {
            "glancing_angle": "start",
            "filename": f"{PROPOSAL}/snapshots/spinner3-alignment-2025-06-05T10-00-00.png",
        },
    ),
    ("GlancingAngleStop", {"glancing_angle": "stop"}),
    (
        "GlancingAngleLinear",
        {
            "glancing_angle": "linear",
            "motor": "xafs_y",
            "center": 1.2,
            "amplitude": 0.4,
            "inverted": "inverted ",
            "spinner": 3,
            **CURVE,
            "uid": None,
        },
    ),
    (
        "GlancingAnglePitch",
        {
            "glancing_angle": "pitch",
            "motor": "xafs_pitch",
            "center": 0.1,
            "amplitude": 0.4,
            "spinner": 3,
            "xaxis": AXIS,
            "data": SIGNAL,
            "uid": None,
        },
    ),
    (
        "GlancingAngleFluo",
        {
            "glancing_angle": "fluo",
            "motor": "xafs_y",
            "center": 0.1,
            "amplitude": 0.4,
            "inverted": "",
            "spinner": 8,
            "xaxis": AXIS,
            "data": SIGNAL,
            "uid": None,
        },
    ),
    ("WaferEdge", {"wafer": "edge", "motor": "xafs_x", **CURVE, "center": 3.4, "amplitude": 0.2, "uid": None}),
    (
        "MonoCalibration",
        {
            "mono_calibration": True,
            "found": AXIS,
            "ee": AXIS,
            "tt": AXIS,
            "mono": "111",
            "dspacing": [3.1359, 1e-5],
            "offset": [0.001, 0.0002],
        },
    ),
    ("XrfPlot", {"xrf": "plot", "uid": UID, "add": False, "filename": "mysample_XRF_x.png", "post": False}),
    ("XrfWrite", {"xrf": "write", "uid": UID, "filename": "mysample_x.xrf"}),
    (
        "XrfatStart",
        {"xrfat": "start", "uid": UID, "energy": [-1], "xrffile": None, "add": True, "only": None, "xmax": 1500},
    ),
    ("CloseAll", {"close": "all"}),
    ("Verbose", {"verbose": False}),
    ("RestingState", {"resting_state": True}),
    ("RefreshSlack", {"refresh_slack": True}),
    ("DescribeSlack", {"describe_slack": "please"}),
    ("LoggerStart", {"logger": "start", "folder": PROPOSAL}),
    ("LoggerClear", {"logger": "clear"}),
    ("LoggerEntry", {"logger": "entry", "text": "a line"}),
    ("DossierStart", {"dossier": "start", "stub": "mysample"}),
    ("DossierSet", {"dossier": "set", "folder": "/home/xf06bm/Data/bucket", "rid": "1a2b3c4d"}),
    ("DossierSet", {"dossier": "set", "uidlist": [UID]}),
    ("DossierShow", {"dossier": "show"}),
    ("DossierMotors", {"dossier": "motors"}),
    ("DossierWrite", {"dossier": "write"}),
    ("DossierSead", {"dossier": "sead"}),
    ("DossierRaster", {"dossier": "raster"}),
    ("Echoslack", {"echoslack": True, "text": "done  :tada:", "img": None, "icon": "message", "rid": None}),
    ("Echoslack", {"echoslack": True, "text": "begun", "rid": True}),
    ("Echoslack", {"echoslack": True, "img": f"{PROPOSAL}/snapshots/x.jpg"}),
    ("Mkdir", {"mkdir": f"{PROPOSAL}/maps"}),
    ("Touch", {"touch": f"{PROPOSAL}/dossier/MANIFEST"}),
    ("Copy", {"copy": True, "uuid": UID, "target": f"{PROPOSAL}/snapshots/x.jpg"}),
    ("Copy", {"copy": True, "file": "/home/xf06bm/Workspace/x.ini", "target": PROPOSAL}),
    ("Xasxdi", {"xasxdi": True, "uid": UID, "filename": "mysample.001"}),
    ("Seadxdi", {"seadxdi": True, "uid": UID, "filename": "mysample.001"}),
    ("Lsxdi", {"lsxdi": True, "uid": UID, "filename": "mysample.001"}),
    ("RasterFiles", {"raster": True, "uid": UID}),
    ("NextIndex", {"next_index": True, "folder": PROPOSAL, "stub": "mysample"}),
    (
        "FileExists",
        {"file_exists": True, "folder": PROPOSAL, "filename": "mysample", "start": 1, "stop": 4, "number": True},
    ),
]

LATER: list[tuple[str, dict[str, Any]]] = [
    (
        "XrfQuickplot",
        {
            "xrf": "quickplot",
            "add": True,
            "only": None,
            "energy": 7300.0,
            "element": "Fe",
            "edge": "K",
            "roi_min": 600,
            "roi_size": 80,
        },
    ),
    ("XrfPlot", {"xrf": "plot", "uid": UID, "add": False, "filename": "a.png", "post": False, "show_roi": False}),
    ("MythenPlot", {"mythen_plot": True, "roi": 1, "xmin": 600, "xmax": 700}),
    ("ResetRois", {"reset_rois": True}),
    ("SlackTest", {"test_slack": True}),
    ("SlackTest", {"test_slack": True, "_end_station": "xrd"}),
    ("Backend", {"backend": True}),
    ("ShowMetadata", {"show_metadata": True, "uid": UID}),
    ("ShowExperimentalFolder", {"show_experimental_folder": True, "_end_station": "xas"}),
    ("RefreshSlack", {"refresh_slack": True, "_end_station": "xrd", "time_it": False}),
    ("DescribeSlack", {"describe_slack": True, "_end_station": "xrd"}),
    (
        "LinescanStart",
        {"linescan": "start", "motor": "xafs_y", "detector": "Pips", "fluo_detector": "pips", "stack": True},
    ),
    (
        "LinescanStart",
        {"linescan": "start", "motor": "eta", "detector": "Mythen", "add_refl": True, "_end_station": "xrd"},
    ),
    (
        "XafsscanStart",
        {
            "xafsscan": "start",
            "element": "Fe",
            "edge": "K",
            "mode": "pips",
            "filename": "sample-a",
            "repetitions": 3,
            "sample": "sample a",
            "reference_material": "Fe",
            "fluo_detector": "pips",
            "with_diode": False,
        },
    ),
    *(
        (
            "XafsSequenceStart",
            {
                "xafs_sequence": "start",
                "element": "Fe",
                "edge": "K",
                "folder": "/x",
                "workspace": "/x",
                "repetitions": 2,
                "mode": mode,
                "with_yield": True,
            },
        )
        for mode in ("pips", "transmision", "fluoresence")
    ),
    ("Xasxdi", {"xasxdi": True, "uid": UID, "filename": None}),
    ("Seadxdi", {"seadxdi": True, "uid": [UID], "filename": None}),
    ("Lsxdi", {"lsxdi": True, "uid": UID}),
    ("EveryXas", {"everyxas": True, "gup": "312345", "since": "2026-01-15", "until": "2026-01-31"}),
    ("EveryXas", {"everyxas": True, "gup": 312345}),
    ("TimescanStop", {"timescan": "stop", "fname": False, "uid": UID}),
    ("TimescanStop", {"timescan": "stop", "fname": None, "uid": [UID]}),
]
"""What the sessions of September 2025 and later send beyond that, or in another form."""

EVERY = [*MANUAL, *TODAY, *LATER]
