//! Dates as JavaScript writes them in JSON.

use core::fmt;

/// How far JavaScript's dates reach from 1970, either way: 100 million days.
const MAX_MS: i64 = 8_640_000_000_000_000;

const MS_PER_DAY: i64 = 86_400_000;

/// A time that [`Display`](fmt::Display) writes as `Date.prototype.toISOString` does, such as `2001-02-03T04:05:06.789Z`.
pub(super) struct Date {
    /// Days since 1970.
    days: i64,
    /// Milliseconds of the day.
    ms: i64,
}

impl Date {
    /// The time so many milliseconds after the beginning of 1970; none if JavaScript has no date for it.
    pub(super) fn from_ms(ms: i64) -> Option<Self> {
        (-MAX_MS..=MAX_MS).contains(&ms).then(|| Self {
            days: ms.div_euclid(MS_PER_DAY),
            ms: ms.rem_euclid(MS_PER_DAY),
        })
    }

    /// Year, month and day in the Gregorian calendar.
    fn calendar(&self) -> (i64, i64, i64) {
        // Years that begin in March have their leap day at the end, and 400 of them are always as long.
        const DAYS_OF_400_YEARS: i64 = 146_097;
        const FROM_MARCH_0000_TO_1970: i64 = 719_468;
        let days = self.days + FROM_MARCH_0000_TO_1970;
        let (era, day) = (days.div_euclid(DAYS_OF_400_YEARS), days.rem_euclid(DAYS_OF_400_YEARS));
        // A leap day every 4 years (1460 days without it), none every 100, one again at the end of the 400.
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        // From March on, five months have 153 days, over and over.
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        (400 * era + year + next_year, month, day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.calendar();
        match year {
            0..=9999 => write!(f, "{year:04}")?,
            _ => write!(f, "{year:+07}")?,
        }
        let (seconds, ms) = (self.ms / 1000, self.ms % 1000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{ms:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn iso(ms: i64) -> Option<alloc::string::String> {
        Date::from_ms(ms).map(|date| date.to_string())
    }

    #[test]
    fn dates_are_written_as_node_writes_them() {
        // node -p 'new Date(…).toJSON()'
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (981_173_106_789, "2001-02-03T04:05:06.789Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (MAX_MS, "+275760-09-13T00:00:00.000Z"),
            (-MAX_MS, "-271821-04-20T00:00:00.000Z"),
        ] {
            assert_eq!(iso(ms).as_deref(), Some(expected));
        }
        for ms in [MAX_MS + 1, -MAX_MS - 1, i64::MAX, i64::MIN] {
            assert_eq!(iso(ms), None);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = Date {
            days: -1_000_000,
            ms: 0,
        }
        .calendar();
        for days in -999_999..1_000_000 {
            let (year, month, day) = Date { days, ms: 0 }.calendar();
            let leap = before.0 % 4 == 0 && (before.0 % 100 != 0 || before.0 % 400 == 0);
            let last = match before.1 {
                2 => 28 + i64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            let expected = match before {
                (year, 12, day) if day == last => (year + 1, 1, 1),
                (year, month, day) if day == last => (year, month + 1, 1),
                (year, month, day) => (year, month, day + 1),
            };
            assert_eq!((year, month, day), expected);
            before = expected;
        }
    }
}
