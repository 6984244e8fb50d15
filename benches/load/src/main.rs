//! Measures what Socket.IO servers cost, side by side. `README.md` says how to run it and how to read it.

mod chart;
mod http;
mod measure;
mod options;
mod payload;
mod pool;
mod results;
mod scenarios;
mod server;
mod table;
mod watch;
mod websocket;
mod wire;

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Result, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use self::measure::{CPU, Figure};
use self::options::{Command, Measure};
use self::results::Results;

fn main() -> Result<()> {
    match Command::parse(std::env::args().skip(1))? {
        Command::Measure(measure) => measure_all(&measure),
        Command::Report(out) => report(&Results::load(&out)?, &out),
        Command::List => {
            list();
            Ok(())
        }
    }
}

/// Each scenario on each server in turn, and that in rounds: whatever else the machine does meets all alike. What fails is told and left
/// out, and makes the whole fail in the end.
fn measure_all(measure: &Measure) -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let mut results = Results::load(&measure.out)?;
    let mut failures = Vec::new();
    for scenario in &measure.scenarios {
        results.forget(&scenario.title);
        for round in 0..measure.rounds {
            for program in measure.servers.iter().filter(|program| scenario.suits(program)) {
                print!("{:<40} {:<14} ", scenario.title, program.name);
                std::io::stdout().flush()?;
                match scenario.run(program, measure.times, measure.waiting) {
                    Ok(figures) => {
                        println!("{}", line(&figures));
                        results.add(&scenario.title, &program.name, round, &figures);
                    }
                    Err(error) => {
                        println!("FAILED: {error:#}");
                        failures.push(format!("{} on {}: {error:#}", scenario.title, program.name));
                    }
                }
            }
        }
        results.save(&measure.out)?;
    }
    println!();
    report(&results, &measure.out)?;
    ensure!(failures.is_empty(), "failed:\n{}", failures.join("\n"));
    Ok(())
}

fn report(results: &Results, out: &Path) -> Result<()> {
    let scenarios = scenarios::all();
    let tables = table::tables(results, &scenarios);
    fs::write(out.join("table.md"), &tables)?;
    fs::write(out.join("costs.svg"), chart::costs(results, &scenarios))?;
    fs::write(out.join("growth.svg"), chart::growth(results, &scenarios))?;
    println!("{tables}These tables and the charts are in {}", out.display());
    Ok(())
}

fn list() {
    let mut last = "";
    for scenario in scenarios::all() {
        let name = if scenario.name == last { "" } else { scenario.name };
        println!("{name:<16} {}", scenario.title);
        last = scenario.name;
    }
}

fn line(figures: &[Figure]) -> String {
    let figures = figures.iter().map(|figure| match figure.metric {
        CPU => format!("{:.2} {}", figure.value, figure.metric),
        metric => format!("{metric} {}", table::number(figure.value)),
    });
    figures.collect::<Vec<_>>().join("   ")
}
