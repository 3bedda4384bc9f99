//! Times and durations as words that are read back to the same number.

use std::fmt::{self, Display};

use crate::Speaker;
use crate::calendar::Here;

const UNITS: [(&str, u64); 3] = [("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000)];

/// See [`crate::write_duration`].
pub(crate) struct Duration(pub(crate) u64);

impl Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest_ms = self.0;
        let mut space = "";
        for (name, ms) in UNITS {
            let count = rest_ms / ms;
            rest_ms %= ms;
            if count > 0 {
                write!(f, "{space}{count} {name}{}", plural(count))?;
                space = " ";
            }
        }
        let seconds = rest_ms / 1000;
        if !rest_ms.is_multiple_of(1000) || self.0 == 0 {
            write!(f, "{space}{rest_ms} ms")
        } else if seconds > 0 {
            write!(f, "{space}{seconds} second{}", plural(seconds))
        } else {
            Ok(())
        }
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// See [`crate::write_time`].
pub(crate) struct Time<'s> {
    pub(crate) ms: i64,
    pub(crate) speaker: &'s Speaker,
}

impl Display for Time<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(here) = Here::new(self.ms, self.speaker.utc_offset_minutes) else { return write!(f, "{}", self.ms) };
        let local = here.local();
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}",
            local.year(),
            local.month(),
            local.day(),
            local.hour(),
            local.minute()
        )?;
        match (local.second(), local.millisecond()) {
            (0, 0) => Ok(()),
            (second, 0) => write!(f, ":{second:02}"),
            (second, ms) => write!(f, ":{second:02}.{ms:03}"),
        }
    }
}
