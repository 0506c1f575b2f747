"""Queue volume as one would write it first: every ticket in a frame, kept by Streamlit, counted with pandas, drawn with plotly.express."""

import os
from pathlib import Path

import duckdb
import pandas as pd
import plotly.express as px
import streamlit as st

FILE = Path(os.environ["BENCH_WAREHOUSE"])


@st.cache_data(max_entries=1)
def every_ticket(changed_at: int) -> pd.DataFrame:
    with duckdb.connect(str(FILE), read_only=True) as warehouse:
        return warehouse.sql("select channel, team, topic, created_at, solved_at from tickets").df()


tickets = every_ticket(FILE.lstat().st_mtime_ns)
end = tickets["created_at"].max()
start, before = end - pd.Timedelta(days=28), end - pd.Timedelta(days=56)
arrived = tickets[tickets["created_at"] > start]
earlier = tickets[tickets["created_at"].between(before, start)]
solved = tickets[tickets["solved_at"] > start]
left, middle, right = st.columns(3)
left.metric("Arrived", len(arrived), len(arrived) - len(earlier))
middle.metric("Solved", len(solved))
right.metric("Open", int(tickets["solved_at"].isna().sum()))
st.plotly_chart(px.line(arrived.groupby(arrived["created_at"].dt.date).size(), title="Arrived"))
st.plotly_chart(px.line(solved.groupby(solved["solved_at"].dt.date).size(), title="Solved"))
for part in ("channel", "team", "topic"):
    st.plotly_chart(px.bar(arrived[part].value_counts(), orientation="h", title=part))
week = arrived.groupby([arrived["created_at"].dt.weekday, arrived["created_at"].dt.hour]).size().unstack(fill_value=0)
st.plotly_chart(px.imshow(week, title="When they arrive"))
