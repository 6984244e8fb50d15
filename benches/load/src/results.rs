//! What was measured, as it is kept in a file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::measure::Figure;
use crate::server::SERVERS;

const FILE: &str = "results.json";

/// All figures of all rounds.
#[derive(Default, Deserialize, Serialize)]
pub struct Results {
    figures: Vec<Measured>,
}

/// One figure of one server in one round.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Measured {
    /// The scenario's title, which is unique.
    pub scenario: String,
    pub server: String,
    pub round: usize,
    pub metric: String,
    pub value: f64,
}

/// The middle of several values, and how far they reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Results {
    /// What is kept in this directory; nothing if there is no file.
    pub fn load(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        serde_json::from_str(&fs::read_to_string(&path)?).with_context(|| path.display().to_string())
    }

    pub fn save(&self, directory: &Path) -> Result<()> {
        fs::create_dir_all(directory)?;
        Ok(fs::write(
            directory.join(FILE),
            serde_json::to_string_pretty(self)? + "\n",
        )?)
    }

    /// Forgets a scenario, which is measured anew: figures of different days are not to be compared.
    pub fn forget(&mut self, scenario: &str) {
        self.figures.retain(|figure| figure.scenario != scenario);
    }

    pub fn add(&mut self, scenario: &str, server: &str, round: usize, figures: &[Figure]) {
        self.figures.extend(figures.iter().map(|figure| Measured {
            scenario: scenario.to_owned(),
            server: server.to_owned(),
            round,
            metric: figure.metric.to_owned(),
            value: figure.value,
        }));
    }

    /// The servers that were measured: the known ones first.
    pub fn servers(&self) -> Vec<&str> {
        let mut servers = Vec::new();
        for figure in &self.figures {
            if !servers.contains(&figure.server.as_str()) {
                servers.push(&figure.server);
            }
        }
        servers.sort_by_key(|server| {
            SERVERS
                .iter()
                .position(|known| known == server)
                .unwrap_or(SERVERS.len())
        });
        servers
    }

    /// What a server took.
    pub fn value(&self, scenario: &str, metric: &str, server: &str) -> Option<Range> {
        Range::of(self.rounds(scenario, metric, server).map(|(_, value)| value))
    }

    /// What a server took as a part of what another took in the same round.
    pub fn ratio(&self, scenario: &str, metric: &str, server: &str, other: &str) -> Option<Range> {
        Range::of(self.rounds(scenario, metric, server).filter_map(|(round, value)| {
            let (_, other) = self.rounds(scenario, metric, other).find(|(of, _)| *of == round)?;
            Some(value / other)
        }))
    }

    fn rounds<'a>(
        &'a self,
        scenario: &'a str,
        metric: &'a str,
        server: &'a str,
    ) -> impl Iterator<Item = (usize, f64)> + 'a {
        self.figures
            .iter()
            .filter(move |figure| figure.scenario == scenario && figure.metric == metric && figure.server == server)
            .map(|figure| (figure.round, figure.value))
    }
}

impl Range {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<_> = values.collect();
        values.sort_by(f64::total_cmp);
        Some(Self {
            median: (values.get((values.len().checked_sub(1)?) / 2)? + values[values.len() / 2]) / 2.0,
            low: *values.first()?,
            high: *values.last()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::CPU;

    #[test]
    fn a_ratio_is_of_the_same_round() {
        let mut results = Results::default();
        for (round, value) in [2.0, 4.0, 9.0].into_iter().enumerate() {
            for (server, value) in [("ours", value), ("theirs", value * 2.0)] {
                results.add("s", server, round, &[Figure { metric: CPU, value }]);
            }
        }
        let same = Range {
            median: 0.5,
            low: 0.5,
            high: 0.5,
        };
        assert_eq!(results.ratio("s", CPU, "ours", "theirs"), Some(same));
        let ours = Range {
            median: 4.0,
            low: 2.0,
            high: 9.0,
        };
        assert_eq!(results.value("s", CPU, "ours"), Some(ours));
        assert_eq!(results.value("s", CPU, "nobody"), None);
    }
}
