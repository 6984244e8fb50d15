//! How long to wait before the next attempt to connect.

use core::time::Duration;

use super::Config;

/// Delays that double with each attempt, up to a maximum, with some chance in them: many clients that lost one server must not come
/// back in step.
///
/// In milliseconds, as the JavaScript client does it:
///
/// ```text
///   ms    = reconnection_delay · 2^attempts
///   dev   = floor(random · randomization_factor · ms)
///   delay = min(floor(random · 10) is even ? ms - dev : ms + dev, reconnection_delay_max)
/// ```
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    attempts: u32,
    chance: Chance,
}

impl Backoff {
    pub(super) const fn new(seed: u64) -> Self {
        Self {
            attempts: 0,
            chance: Chance { state: seed },
        }
    }

    /// The next delay.
    pub(super) fn advance(&mut self, config: &Config) -> Duration {
        let random = self.chance.draw();
        let delay = delay(config, self.attempts, random);
        self.attempts = self.attempts.saturating_add(1);
        delay
    }

    /// It has worked, or is given up.
    pub(super) const fn reset(&mut self) {
        self.attempts = 0;
    }

    /// How many delays there were since it worked.
    pub(super) const fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// The formula above, for a `random` number from 0 up to, not including, 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "it is a formula of floating point numbers that are not negative; casts cut and saturate"
)]
fn delay(config: &Config, attempts: u32, random: f64) -> Duration {
    const LARGEST: u64 = 1 << 52; // half a million years, and every whole number up to there is a float
    let min = millis(config.reconnection_delay);
    let ms = min
        .saturating_mul(1u64.checked_shl(attempts).unwrap_or(u64::MAX))
        .min(LARGEST);
    let factor = config.randomization_factor;
    let factor = if factor > 0.0 && factor <= 1.0 { factor } else { 0.0 };
    let deviation = (random * factor * ms as f64) as u64;
    let ms = if (random * 10.0) as u64 % 2 == 0 {
        ms.saturating_sub(deviation)
    } else {
        ms + deviation
    };
    Duration::from_millis(ms.min(millis(config.reconnection_delay_max)))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Numbers that look like chance and all come from a seed: SplitMix64. They spread clients over time; secrets are made otherwise.
///
/// <https://prng.di.unimi.it/splitmix64.c>
#[derive(Clone, Debug)]
struct Chance {
    state: u64,
}

impl Chance {
    /// A number from 0 up to, not including, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    fn draw(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn config(change: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config::default();
        change(&mut config);
        config
    }

    #[test]
    fn delays_are_those_of_the_formula() {
        let config = config(|config| config.reconnection_delay_max = Duration::from_secs(60));
        // What `Math.floor` and friends make of it in JavaScript.
        for (attempts, random, ms) in [
            (0, 0.0, 1_000),
            (0, 0.05, 975),   // 0 is even: down
            (0, 0.15, 1_075), // 1 is odd: up
            (0, 0.99, 1_495),
            (0, 0.8999, 551),
            (1, 0.5, 2_500),
            (2, 0.25, 3_500),
            (3, 0.3333, 9_333),
            (5, 0.7, 43_200),
            (6, 0.7, 60_000),
            (6, 0.6, 44_800),
        ] {
            assert_eq!(
                delay(&config, attempts, random),
                Duration::from_millis(ms),
                "{attempts} {random}"
            );
        }
    }

    #[test]
    fn delays_stay_below_the_maximum_however_often_it_was_tried() {
        let config = Config::default();
        for attempts in [0, 10, 63, 64, 1_000, u32::MAX] {
            for random in [0.0, 0.15, 0.5, 0.999_999] {
                let delay = delay(&config, attempts, random);
                assert!(delay <= config.reconnection_delay_max, "{attempts}: {delay:?}");
                assert!(delay >= Duration::from_millis(500), "{attempts}: {delay:?}");
            }
        }
    }

    #[test]
    fn without_a_factor_there_is_no_chance() {
        for factor in [0.0, -1.0, 1.5, f64::NAN] {
            let config = config(|config| config.randomization_factor = factor);
            let mut backoff = Backoff::new(7);
            let delays: Vec<_> = (0..4).map(|_| backoff.advance(&config).as_millis()).collect();
            assert_eq!(delays, [1_000, 2_000, 4_000, 5_000]);
            backoff.reset();
            assert_eq!(backoff.advance(&config).as_millis(), 1_000);
        }
    }

    #[test]
    fn another_seed_is_another_sequence_and_all_are_spread_out() {
        let config = Config::default();
        let first = |seed| Backoff::new(seed).advance(&config).as_millis();
        assert_eq!(first(1), first(1));
        let mut firsts: Vec<_> = (0..1_000).map(first).collect();
        let mean = firsts.iter().sum::<u128>() / 1_000;
        assert!((900..1_150).contains(&mean), "{mean}");
        firsts.sort_unstable();
        firsts.dedup();
        assert!(firsts.len() > 400, "{} different ones", firsts.len());
    }
}
