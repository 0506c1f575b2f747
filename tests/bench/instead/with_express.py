"""The charts of Queue volume from the same questions, drawn with plotly.express in every run."""

import os
from datetime import timedelta
from pathlib import Path

import pandas as pd
import plotly.express as px
import streamlit as st

from warehouse.ask import Filters, Warehouse


@st.cache_resource
def warehouse() -> Warehouse:
    return Warehouse(Path(os.environ["BENCH_WAREHOUSE"]).parent)


@st.cache_data
def ask(version: int, question: str, filters: Filters, **values: object) -> pd.DataFrame:
    return warehouse().ask(question, filters, **values)


version = warehouse().version()
end = ask(version, "sources_as_of", Filters())["as_of"].max().to_pydatetime()
period = Filters(end - timedelta(days=28), end)
before = {"previous_start": end - timedelta(days=56), "previous_end": end - timedelta(days=28)}
bins = ask(version, "volume_over_time", period, grain="day", zone="UTC")
hours = ask(version, "arrivals_by_weekday_hour", period, zone="UTC")
for name in ("arrived", "answered"):
    st.plotly_chart(px.line(bins, x="bin", y=[name, "solved"], title=name))
st.plotly_chart(px.area(bins, x="bin", y="open_at_end", title="Backlog"))
parts = ask(version, "volume_by_part", period, **before)
for part in ("channel", "team", "topic"):
    st.plotly_chart(px.bar(parts[parts["part"] == part], x="arrived", y="name", orientation="h", title=part))
st.plotly_chart(px.density_heatmap(hours, x="hour", y="weekday", z="arrived", title="When they arrive"))
