"""Runs in the layouts of before: databroker's data sets, and streams one level lower."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from helpers.streams import build_run_documents, fold, stamp_entries
from plugins.tiled import Connect
from xafs_workers.catalog.connection import build_plain_clients
from xafs_workers.catalog.errors import MissingData, NotComplete
from xafs_workers.catalog.finished_run import Asset
from xafs_workers.catalog.layouts import parse_asset_documents
from xafs_workers.catalog.tiled_runs import fetch_documents
from xafs_workers.scans.board import Board
from xafs_workers.simulation.tiled_server import TiledServer

NEVER = Event()
COLUMNS = {"dcm_energy": [7000.0, 7001.0, 7002.5], "I0": [1.1, 1.2, 1.3], "Fe1": [4.0, 5.0, 6.0]}


@pytest.fixture
def container(tiled_server: TiledServer) -> Iterator[Any]:
    """Open the server's root, without the plug-in's clients."""
    from tiled.client import from_uri

    root = from_uri(tiled_server.uri, api_key=tiled_server.api_key, structure_clients=build_plain_clients())
    yield root
    root.context.close()


def documents(points: int = 3) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], Board]:
    """Return start, primary descriptor and stop of a run, and the board that followed it."""
    entries = list(build_run_documents(hint="xafs", motors=["dcm_energy"], columns=COLUMNS))
    entries[-1][1]["num_events"] = {"baseline": 2, "primary": points}
    found = {name if name != "descriptor" else doc["name"]: doc for name, doc in entries}
    return found["start"], found["primary"], found["stop"], fold(stamp_entries(entries))


def older_run(container: Any, start: dict[str, Any], stop: dict[str, Any] | None) -> Any:
    from tiled.structures.core import Spec

    return container.create_container(
        key=start["uid"],
        metadata={"start": start, "stop": stop, "summary": {"uid": start["uid"]}},
        specs=[Spec("BlueskyRun", "2.0")],
    )


def older_stream(run: Any, descriptor: dict[str, Any]) -> Any:
    from tiled.structures.core import Spec

    return run.create_container(
        key=descriptor["name"],
        metadata={"descriptors": [descriptor], "stream_name": descriptor["name"]},
        specs=[Spec("BlueskyEventStream", "2.0")],
    )


def write_data_set(stream: Any, times: list[float], columns: dict[str, Any]) -> None:
    """Write the data set as databroker serves it: coordinate `time`, variables, an image among them."""
    import xarray
    from tiled.client.xarray import write_xarray_dataset

    variables = {key: ("time", np.array(values)) for key, values in columns.items()}
    image = ("time", "x"), np.arange(len(times) * 4.0).reshape(len(times), 4)
    dataset = xarray.Dataset({**variables, "dante-1_image": image}, coords={"time": np.array(times)})
    write_xarray_dataset(stream, dataset, key="data")


def assert_equals_followed(connect: Connect, uid: str, board: Board) -> None:
    run, expected = connect().wait_for_run(uid, NEVER), board.runs[uid]
    assert run.start == expected.start
    assert run.stop == expected.stop
    assert run.data_keys == expected.data_keys
    assert run.points.sequence_numbers == expected.points.sequence_numbers
    np.testing.assert_array_equal(run.points.time, expected.points.time)
    for key in COLUMNS:
        np.testing.assert_array_equal(run.points.get_column(key), expected.points.get_column(key))


def test_a_data_set_of_the_older_layout_is_read(container: Any, connect: Connect) -> None:
    start, descriptor, stop, board = documents()
    times = board.runs[start["uid"]].points.time.tolist()
    write_data_set(older_stream(older_run(container, start, stop), descriptor), times, COLUMNS)
    assert_equals_followed(connect, start["uid"], board)
    image = connect().wait_for_run(start["uid"], NEVER).read_array("dante-1_image", NEVER)
    np.testing.assert_array_equal(image, np.arange(12.0).reshape(3, 4))
    with pytest.raises(MissingData, match="no documents"):  # this server is not databroker's
        connect().wait_for_run(start["uid"], NEVER).list_assets(NEVER)


def test_plain_arrays_of_the_older_layout_are_read(container: Any, connect: Connect) -> None:
    start, descriptor, stop, board = documents()
    data = older_stream(older_run(container, start, stop), descriptor).create_container(key="data")
    for key, values in {**COLUMNS, "time": board.runs[start["uid"]].points.time}.items():
        data.write_array(np.array(values), key=key)
    assert_equals_followed(connect, start["uid"], board)


def test_an_older_run_without_stop_or_points_is_incomplete(container: Any, connect: Connect) -> None:
    start, _, _, _ = documents()
    older_run(container, start, None)
    with pytest.raises(NotComplete, match="no stop document"):
        connect().find_run(start["uid"])
    start, descriptor, stop, board = documents(points=5)
    times = board.runs[start["uid"]].points.time.tolist()
    write_data_set(older_stream(older_run(container, start, stop), descriptor), times, COLUMNS)
    with pytest.raises(NotComplete, match="3 of 5 points"):
        connect().find_run(start["uid"])


def test_streams_one_level_lower_are_found(container: Any, connect: Connect) -> None:
    import pyarrow
    from tiled.structures.core import Spec

    start, descriptor, stop, board = documents()
    run = container.create_container(
        key=start["uid"], metadata={"start": start, "stop": stop}, specs=[Spec("BlueskyRun", "3.0")]
    )
    specs = [Spec("BlueskyEventStream", "3.0"), Spec("composite")]
    stream = run.create_container(key="streams").create_container(key="primary", metadata=descriptor, specs=specs)
    points = board.runs[start["uid"]].points
    table = pyarrow.table({"seq_num": list(points.sequence_numbers), "time": points.time.tolist(), **COLUMNS})
    stream.create_appendable_table(schema=table.schema, key="internal").append_partition(0, table)
    stream.write_array(np.ones((3, 2)), key="data")  # a data key may be called like the older layout's data set
    assert_equals_followed(connect, start["uid"], board)
    run = connect().wait_for_run(start["uid"], NEVER)
    assert run.list_assets(NEVER) == ()
    np.testing.assert_array_equal(run.read_array("data", NEVER), np.ones((3, 2)))


RESOURCES = [
    ("start", {"uid": "r"}),
    ("resource", {"uid": "1", "root": "/nsls2/data3/bmm", "resource_path": "assets/a.h5", "spec": "XSP3"}),
    ("resource", {"uid": "2", "root": "", "resource_path": "/nsls2/b.jpg", "spec": "JPG"}),
    ("stream_resource", {"uid": "3", "uri": "file://localhost/n/c%201.h5", "mimetype": "m", "data_key": "k"}),
    ("resource", {"uid": "4", "root": "/nsls2/data3/bmm/", "resource_path": "assets/a.h5", "spec": "XSP3"}),
]
ASSETS = (Asset("/nsls2/data3/bmm/assets/a.h5", "XSP3"), Asset("/nsls2/b.jpg", "JPG"), Asset("/n/c 1.h5", "m", "k"))


def test_files_named_in_documents_are_listed() -> None:
    assert parse_asset_documents(RESOURCES) == ASSETS


@pytest.mark.parametrize(
    ("uri", "parameters", "path"),
    [
        ("file://localhost/a/cam-8/2026/", {"template": "img_{:06d}.jpg"}, "/a/cam-8/2026/img_000000.jpg"),
        ("file://localhost/a/cam-9/", {"template": "{:d}.jpg"}, "/a/cam-9/0.jpg"),
        ("file://localhost/a/frame.jpg/", {}, "/a/frame.jpg"),
        ("file:///a/eiger.h5", {"dataset": "/entry/data"}, "/a/eiger.h5"),
    ],
)
def test_the_first_frame_of_a_folder_is_named(uri: str, parameters: dict[str, str], path: str) -> None:
    document = {"uid": "1", "uri": uri, "mimetype": "image/jpeg", "data_key": "k", "parameters": parameters}
    assert [asset.path for asset in parse_asset_documents([("stream_resource", document)])] == [path]


@pytest.mark.slow
@pytest.mark.parametrize("separator", ["", "\x1e"])
def test_an_older_server_returns_the_documents(separator: str) -> None:
    import httpx

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/documents/bmm/raw/u"
        lines = [separator + json.dumps({"name": name, "doc": doc}) + "\n" for name, doc in RESOURCES]
        return httpx.Response(200, text="".join(lines))

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        node: Any = SimpleNamespace(
            specs=[SimpleNamespace(name="BlueskyRun", version="2.0")],
            item={"links": {"self": "http://tiled/api/v1/metadata/bmm/raw/u"}},
            context=SimpleNamespace(http_client=client),
        )
        came = fetch_documents(node)
        assert came is not None
        assert parse_asset_documents(came) == ASSETS
