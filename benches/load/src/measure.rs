//! What is measured: operations, the server's CPU time meanwhile, and how long each took.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::server::Server;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub warm_up: Duration,
    /// The CPU time that a server is to take while it is measured. On a busy machine that lasts longer, up to `PATIENCE` times as long.
    pub measured: Duration,
    /// How long a server may take to settle before its memory is read.
    pub settle: Duration,
    /// Whether fewer clients will do.
    pub quick: bool,
}

/// What the generator counts.
#[derive(Default)]
pub struct Tally {
    pub operations: u64,
    pub latencies: Latencies,
}

/// One figure of one scenario.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    pub metric: &'static str,
    pub value: f64,
}

/// Microseconds of the server's CPU time per operation.
pub const CPU: &str = "µs CPU";
/// How much of the measured time the server was busy, in cores.
pub const BUSY: &str = "busy";
/// Latencies in microseconds.
pub const P50: &str = "p50 µs";
pub const P99: &str = "p99 µs";
/// Bytes of memory per connection.
pub const FRESH: &str = "RSS bytes";
pub const USED: &str = "RSS bytes, after 60 kB";

/// How much longer than a server's CPU time a measurement may last.
const PATIENCE: u32 = 6;

/// Repeats `step` for as long as the times say; the warm-up counts for nothing.
pub fn measure(server: &Server, times: Times, mut step: impl FnMut(&mut Tally) -> Result<()>) -> Result<Vec<Figure>> {
    let mut tally = Tally::default();
    let start = Instant::now();
    while start.elapsed() < times.warm_up {
        step(&mut tally)?;
    }
    tally = Tally::default();
    let (start, cpu) = (Instant::now(), server.cpu()?);
    while start.elapsed() < times.measured * PATIENCE && server.cpu()? - cpu < times.measured {
        // Asking for the CPU time takes some itself.
        let until = Instant::now() + Duration::from_millis(2);
        while Instant::now() < until {
            step(&mut tally)?;
        }
    }
    let (elapsed, cpu) = (start.elapsed(), server.cpu()? - cpu);
    figures(&tally, cpu, elapsed)
}

/// The figures of what was counted in some time.
pub fn figures(tally: &Tally, cpu: Duration, elapsed: Duration) -> Result<Vec<Figure>> {
    ensure!(tally.operations > 0, "nothing was done");
    let mut figures = vec![
        Figure {
            metric: CPU,
            value: cpu.as_secs_f64() * 1e6 / tally.operations as f64,
        },
        Figure {
            metric: BUSY,
            value: cpu.as_secs_f64() / elapsed.as_secs_f64(),
        },
    ];
    for (metric, part) in [(P50, 0.50), (P99, 0.99)] {
        if let Some(value) = tally.latencies.quantile(part) {
            figures.push(Figure { metric, value });
        }
    }
    Ok(figures)
}

/// Counts of latencies, in classes that are 3 % wide.
pub struct Latencies {
    counts: Vec<u64>,
    total: u64,
}

/// Classes for each doubling.
const CLASSES: u32 = 32;

impl Latencies {
    pub fn record(&mut self, latency: Duration) {
        let nanoseconds = (latency.as_nanos() as u64).max(u64::from(CLASSES));
        let doubling = nanoseconds.ilog2();
        let within = (nanoseconds >> (doubling - CLASSES.ilog2())) as u32 - CLASSES;
        self.counts[(doubling * CLASSES + within) as usize] += 1;
        self.total += 1;
    }

    /// The middle of the class that so large a part of all latencies does not exceed, in microseconds.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let mut left = (self.total as f64 * part).ceil() as u64;
        for (class, &count) in self.counts.iter().enumerate() {
            if count > 0 && left <= count {
                let (doubling, within) = (class as u32 / CLASSES, class as u32 % CLASSES);
                let class = 2_f64.powi(doubling as i32) * (1.0 + (f64::from(within) + 0.5) / f64::from(CLASSES));
                return Some(class / 1000.0);
            }
            left -= count.min(left);
        }
        None
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            counts: vec![0; 64 * CLASSES as usize],
            total: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_3_percent() {
        let mut latencies = Latencies::default();
        (1..=1000).for_each(|microseconds| latencies.record(Duration::from_micros(microseconds)));
        for (part, expected) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let quantile = latencies.quantile(part).expect("there are some");
            assert!((quantile / expected - 1.0).abs() < 0.03, "{quantile} for {expected}");
        }
        assert_eq!(Latencies::default().quantile(0.5), None);
    }
}
