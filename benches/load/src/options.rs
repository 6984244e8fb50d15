//! What the command line asks for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::measure::Times;
use crate::scenarios::{self, Scenario};
use crate::server::{Program, SERVERS};
use crate::watch::Waiting;

const USAGE: &str = "\
run [--scenarios NAME,NAME...] [--servers NAME,NAME...] [--rounds N] [--quick] [--awake] [--out DIRECTORY] [--report] [--list]

  --scenarios  which to run; all without it. `goals`: all that have a goal; `growth`: all that grow
  --servers    of tokio, smol, socketioxide, node, floor; all without it.
               NAME=PATH is a server of your own: an executable, or a script of Node's that ends in .mjs
  --rounds     how often each server has its turn, 3 without it
  --quick      a first impression: one round, short times, fewer idle clients
  --awake      the generator does not sleep while nothing has come, so that no server pays for waking it: see README.md
  --out        where results.json, table.md and the charts are kept; beside the runner in `results` without it
  --report     measures nothing, makes table and charts anew from results.json
  --list       names the scenarios";

/// What to do.
pub enum Command {
    Measure(Measure),
    Report(PathBuf),
    List,
}

/// What to measure.
pub struct Measure {
    pub scenarios: Vec<Scenario>,
    pub servers: Vec<Program>,
    pub rounds: usize,
    pub times: Times,
    pub waiting: Waiting,
    pub out: PathBuf,
}

impl Command {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut scenarios = scenarios::all();
        let mut servers = SERVERS.join(",");
        let mut rounds = None;
        let (mut quick, mut report) = (false, false);
        let mut waiting = Waiting::Asleep;
        let mut out = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .with_context(|| format!("{argument} needs a value\n\n{USAGE}"))
            };
            match argument.as_str() {
                "--scenarios" => scenarios = chosen(&value()?)?,
                "--servers" => servers = value()?,
                "--rounds" => rounds = Some(value()?.parse()?),
                "--quick" => quick = true,
                "--awake" => waiting = Waiting::Awake,
                "--out" => out = PathBuf::from(value()?),
                "--report" => report = true,
                "--list" => return Ok(Self::List),
                _ => bail!("{USAGE}"),
            }
        }
        if report {
            return Ok(Self::Report(out));
        }
        Ok(Self::Measure(Measure {
            scenarios,
            servers: servers.split(',').map(Program::named).collect::<Result<_>>()?,
            rounds: rounds.unwrap_or(if quick { 1 } else { 3 }),
            times: times(quick),
            waiting,
            out,
        }))
    }
}

/// The scenarios of these names.
fn chosen(names: &str) -> Result<Vec<Scenario>> {
    let names: Vec<_> = names.split(',').collect();
    let mut all = scenarios::all();
    for name in &names {
        if !matches!(*name, "goals" | "growth") && all.iter().all(|scenario| scenario.name != *name) {
            bail!("no scenario {name}; --list names them");
        }
    }
    all.retain(|scenario| {
        names.contains(&scenario.name)
            || names.contains(&"goals") && !scenario.goals.is_empty()
            || names.contains(&"growth") && scenario.growth.is_some()
    });
    Ok(all)
}

fn times(quick: bool) -> Times {
    let milliseconds = Duration::from_millis;
    if quick {
        Times {
            warm_up: milliseconds(400),
            measured: milliseconds(500),
            settle: milliseconds(500),
            quick,
        }
    } else {
        Times {
            warm_up: milliseconds(1_500),
            measured: milliseconds(3_000),
            settle: milliseconds(2_000),
            quick,
        }
    }
}
