"""What a chain of plugins makes of the flights, computed by SQLite instead.

Usage: flights.py FLIGHTS.ndjson.gz PLANES.ndjson.gz GAP_MS LIMIT

Prints a line per manufacturer and day of the sessions' end: manufacturer, start of the day in ms, sessions, flights.
A session is a run of flights of one aircraft with at most GAP_MS between two of them.
"""

import gzip
import json
import sqlite3
import sys
from datetime import datetime, timezone

DAY_MS = 86_400_000


def milliseconds(text):
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return int(moment.timestamp()) * 1000


def lines(path, limit):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            if number == limit:
                return
            yield json.loads(line)


def main(flights_path, planes_path, gap_ms, limit):
    database = sqlite3.connect(":memory:")
    database.execute("create table flights (tailnum text, time_ms integer)")
    database.execute("create table planes (tailnum text primary key, manufacturer text)")
    flights = ((flight["tailnum"], milliseconds(flight["time_hour"])) for flight in lines(flights_path, limit))
    database.executemany("insert into flights values (?, ?)", (row for row in flights if row[0] is not None))
    planes = ((plane["tailnum"], plane["manufacturer"]) for plane in lines(planes_path, -1))
    database.executemany("insert into planes values (?, ?)", planes)
    query = """
        with starts as (
            select tailnum, time_ms,
                coalesce(time_ms - lag(time_ms) over in_time > :gap_ms, 1) as is_start
            from flights
            window in_time as (partition by tailnum order by time_ms)
        ),
        numbered as (
            select tailnum, time_ms,
                sum(is_start) over (partition by tailnum order by time_ms rows unbounded preceding) as session
            from starts
        ),
        sessions as (
            select tailnum, max(time_ms) as end_ms, count(*) as flights from numbered group by tailnum, session
        )
        select coalesce(manufacturer, 'unknown'), end_ms / :day_ms * :day_ms, count(*), sum(flights)
        from sessions left join planes using (tailnum)
        group by 1, 2 order by 1, 2
    """
    for row in database.execute(query, {"gap_ms": gap_ms, "day_ms": DAY_MS}):
        print(*row, sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
