"""Days and seconds as exact moments; knows no clock, only the days it is given."""

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from ys_analytics.demo.fixed_point import Ints
from ys_analytics.schemas import TIME

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600

# A quote or a snapshot is taken in the last second of its hour.
LAST_SECOND = HOUR_SECONDS - 1


def moments(days: npt.NDArray[np.datetime64], seconds: Ints) -> pl.Series:
    """The moments `seconds` after the midnights of `days`, in UTC."""
    return pl.Series(epoch_seconds(days, seconds) * 1_000_000).cast(TIME)


def epoch_seconds(days: npt.NDArray[np.datetime64], seconds: Ints) -> Ints:
    """The same as seconds since 1970."""
    return days.astype("datetime64[D]").astype(np.int64) * DAY_SECONDS + seconds


def moment(day: np.datetime64, second: int = 0) -> datetime:
    """One moment, for a message or a JSON text."""
    return datetime.fromtimestamp(int(day.astype("datetime64[D]").astype(np.int64)) * DAY_SECONDS + second, UTC)
