"""The live page as one would write it at first: every viewer's page asks the database anew every few seconds. For comparison only."""

import sys

import duckdb
import plotly.express as px
import streamlit as st

REFRESH_SECONDS = 5

st.set_page_config(page_title="Support", layout="wide")
st.title("Live")


@st.fragment(run_every=REFRESH_SECONDS)
def live() -> None:
    """Tiles, two charts and a table, of the newest version."""
    with duckdb.connect(sys.argv[1], read_only=True) as database:
        queue = database.sql(
            "select channel, count(*) as waiting, max(waited_seconds) as longest from waits where outcome = 'waiting' group by channel"
        ).df()
        hours = database.sql(
            "select date_trunc('hour', created_at) as hour, channel, count(*) as arrived from tickets "
            "where created_at > (select max(created_at) from tickets) - interval 24 hours group by all order by hour"
        ).df()
        ((open_tickets, unassigned),) = database.sql(
            "select count(*), count(*) filter (where agent is null) from tickets where solved_at is null"
        ).fetchall()
        longest = database.sql(
            "select ticket_id, channel, team, agent, waited_seconds from waits where outcome = 'waiting' "
            "order by waited_seconds desc limit 100"
        ).df()
    tiles = st.columns(4)
    tiles[0].metric("Waiting now", int(queue["waiting"].sum()))
    tiles[1].metric("Open tickets", open_tickets)
    tiles[2].metric("Unassigned", unassigned)
    tiles[3].metric("Arrived, 24 h", int(hours["arrived"].sum()))
    left, right = st.columns(2)
    left.plotly_chart(px.bar(queue, x="waiting", y="channel", orientation="h"), key="queue")
    right.plotly_chart(px.line(hours, x="hour", y="arrived", color="channel"), key="hours")
    st.dataframe(longest)


live()
