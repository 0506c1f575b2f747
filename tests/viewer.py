"""A visitor without a browser: speaks Streamlit's socket, asks for a page and takes what it is sent."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect


def seconds_to_draw(address: str, page: str = "", query: str = "") -> float:
    """How long a fresh visit's first script run takes, from asking to the last of what it is sent."""
    host = urlsplit(address).netloc
    asked = BackMsg()
    asked.rerun_script.query_string = query
    asked.rerun_script.page_name = page
    with connect(f"ws://{host}/_stcore/stream", origin=address, subprotocols=["streamlit"], max_size=None) as socket:
        began = time.perf_counter()
        socket.send(asked.SerializeToString())
        while True:
            sent = ForwardMsg()
            sent.ParseFromString(socket.recv(timeout=60))
            if sent.WhichOneof("type") == "script_finished":
                return time.perf_counter() - began
