//! Time as a value: the machines have no clock, they are told what time it is.

use core::fmt;
use core::num::NonZeroU64;
use core::ops::{Add, AddAssign};
use core::time::Duration;

/// A moment, in whole microseconds since an origin that the caller chose.
///
/// Every machine that shares a caller must be fed from one origin. Arithmetic saturates: 2⁶⁴ µs is more than half a million
/// years. The niche makes `Option<Instant>` (a deadline, or none) eight bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(NonZeroU64);

impl Instant {
    /// The origin itself.
    pub const ORIGIN: Self = Self(NonZeroU64::MIN);

    /// The moment `elapsed` after the origin, cut to whole microseconds.
    #[must_use]
    pub const fn after_origin(elapsed: Duration) -> Self {
        let micros = elapsed.as_micros();
        let micros = if micros >= (u64::MAX - 1) as u128 {
            u64::MAX - 1
        } else {
            micros as u64
        };
        Self(NonZeroU64::MIN.saturating_add(micros))
    }

    /// How long after the origin this moment is.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        Duration::from_micros(self.0.get() - 1)
    }

    /// The first of several deadlines, if there is any.
    #[must_use]
    pub fn earliest<const N: usize>(deadlines: [Option<Self>; N]) -> Option<Self> {
        // By hand: this is asked at every turn of every session, and an iterator over an array takes ten times as long.
        let mut earliest: Option<Self> = None;
        for &deadline in &deadlines {
            earliest = match (earliest, deadline) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        earliest
    }

    /// How long after `earlier` this moment is; zero if it is not after it.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{:?}", self.since_origin())
    }
}

/// Turns the standard library's instants into [`Instant`]s and back, in one line each.
///
/// ```
/// use engineio_proto::Clock;
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// let clock = Clock::starting_at(start);
/// let deadline = clock.instant(start) + Duration::from_secs(25);
/// assert_eq!(clock.std(deadline), start + Duration::from_secs(25));
/// ```
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: std::time::Instant,
}

#[cfg(feature = "std")]
impl Clock {
    /// A clock whose origin is `origin`; anything before it counts as the origin.
    #[must_use]
    pub const fn starting_at(origin: std::time::Instant) -> Self {
        Self { origin }
    }

    /// The machines' name for `std`.
    #[must_use]
    pub fn instant(&self, std: std::time::Instant) -> Instant {
        Instant::after_origin(std.saturating_duration_since(self.origin))
    }

    /// The standard library's name for `instant`, to arm a timer with.
    #[must_use]
    pub fn std(&self, instant: Instant) -> std::time::Instant {
        self.origin + instant.since_origin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Instant::ORIGIN.since_origin(), Duration::ZERO);
        let end = Instant::after_origin(Duration::MAX);
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(Instant::ORIGIN.saturating_duration_since(end), Duration::ZERO);
        assert_eq!(
            Instant::after_origin(Duration::from_micros(7)).since_origin(),
            Duration::from_micros(7)
        );
    }
}
