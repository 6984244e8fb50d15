//! The results as Markdown.

use std::fmt::Write;

use crate::measure::{BUSY, CPU, FRESH, P50, P99, USED};
use crate::results::{Range, Results};
use crate::scenarios::{Bound, Goal, Scenario};

/// Whom everyone is compared with.
pub const PEER: &str = "socketioxide";

/// All tables that there are figures for.
pub fn tables(results: &Results, scenarios: &[Scenario]) -> String {
    let mut text = String::new();
    costs(results, scenarios, &mut text);
    latencies(results, scenarios, &mut text);
    growth(results, scenarios, &mut text);
    text
}

/// A value with three significant digits, whole if it is large.
pub fn number(value: f64) -> String {
    match value.abs() {
        100.0.. => thousands(value),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A whole number, its digits in threes.
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if left % 3 == 0 && text.ends_with(|before: char| before.is_ascii_digit()) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn costs(results: &Results, scenarios: &[Scenario], text: &mut String) {
    let mut rows = Vec::new();
    for scenario in scenarios.iter().filter(|scenario| scenario.growth.is_none()) {
        for metric in [CPU, FRESH, USED] {
            rows.push((scenario, metric));
        }
        if goals(scenario, P99).next().is_some() {
            rows.push((scenario, P99));
        }
    }
    let label = |scenario: &Scenario, metric: &str| match metric {
        CPU => format!("{}: µs per {}", scenario.title, scenario.operation),
        metric => format!("{}: {metric}", scenario.title),
    };
    let _ = writeln!(
        text,
        "## Cost\n\nThe server's CPU time, unless another unit is named: medians of the rounds.\n"
    );
    table(results, &rows, label, true, text);
}

fn latencies(results: &Results, scenarios: &[Scenario], text: &mut String) {
    let servers = results.servers();
    let _ = writeln!(
        text,
        "## Latency\n\np50 / p99 in µs, and how much of a core the server used. With as much load as it takes, so this is mostly time in queues.\n"
    );
    let _ = writeln!(
        text,
        "| | {} |\n|---|{}",
        servers.join(" | "),
        "---:|".repeat(servers.len())
    );
    for scenario in scenarios.iter().filter(|scenario| scenario.growth.is_none()) {
        let cell = |server: &&str| {
            let value = |metric| Some(results.value(&scenario.title, metric, server)?.median);
            let (p50, p99, busy) = (value(P50)?, value(P99)?, value(BUSY)?);
            Some(format!("{} / {} ({busy:.2})", number(p50), number(p99)))
        };
        let cells: Vec<_> = servers.iter().map(cell).collect();
        if cells.iter().any(Option::is_some) {
            let cells: Vec<_> = cells.into_iter().map(|cell| cell.unwrap_or("–".to_owned())).collect();
            let _ = writeln!(text, "| {} | {} |", scenario.title, cells.join(" | "));
        }
    }
    text.push('\n');
}

fn growth(results: &Results, scenarios: &[Scenario], text: &mut String) {
    let mut rows = Vec::new();
    for scenario in scenarios.iter().filter(|scenario| scenario.growth.is_some()) {
        rows.extend([CPU, FRESH, USED].map(|metric| (scenario, metric)));
    }
    let label = |scenario: &Scenario, metric: &str| {
        let (what, size) = scenario.growth.expect("it grows");
        let unit = if metric == CPU { "µs" } else { metric };
        format!("{what}: {}: {unit} per {}", thousands(size as f64), scenario.operation)
    };
    let _ = writeln!(text, "## Growth\n\nWhat must not grow with the number of others.\n");
    table(results, &rows, label, false, text);
}

/// One row for each scenario and metric that there are figures of.
fn table(
    results: &Results,
    rows: &[(&Scenario, &str)],
    label: impl Fn(&Scenario, &str) -> String,
    with_goals: bool,
    text: &mut String,
) {
    let servers = results.servers();
    let mut compared = servers.clone();
    compared.retain(|server| with_goals && servers.contains(&PEER) && ![PEER, "node", "floor"].contains(server));
    let mut head = format!("| | {} |", servers.join(" | "));
    let mut line = format!("|---|{}", "---:|".repeat(servers.len()));
    for server in &compared {
        let _ = write!(head, " {server} ÷ {PEER} |");
        line += "---:|";
    }
    if with_goals {
        head += " goal | |";
        line += "---|---|";
    }
    let _ = writeln!(text, "{head}\n{line}");
    for &(scenario, metric) in rows {
        let title = &scenario.title;
        let values: Vec<_> = servers
            .iter()
            .map(|server| results.value(title, metric, server))
            .collect();
        if values.iter().all(Option::is_none) {
            continue;
        }
        let cell = |value: Option<Range>| value.map_or("–".to_owned(), |range| number(range.median));
        let values: Vec<_> = values.into_iter().map(cell).collect();
        let _ = write!(text, "| {} | {} |", label(scenario, metric), values.join(" | "));
        for server in &compared {
            let ratio = results
                .ratio(title, metric, server, PEER)
                .map_or("–".to_owned(), spread);
            let _ = write!(text, " {ratio} |");
        }
        if with_goals {
            let (goals, verdicts): (Vec<_>, Vec<_>) = goals(scenario, metric)
                .map(|goal| (describe(goal), verdict(results, title, goal)))
                .unzip();
            let _ = write!(text, " {} | {} |", goals.join(", "), verdicts.join(", "));
        }
        text.push('\n');
    }
    text.push('\n');
}

fn goals<'a>(scenario: &'a Scenario, metric: &'a str) -> impl Iterator<Item = &'a Goal> {
    scenario.goals.iter().filter(move |goal| goal.metric == metric)
}

fn describe(goal: &Goal) -> String {
    match goal.bound {
        Bound::Ratio(ratio) => format!("{} ≤ {ratio:.2}", goal.server),
        Bound::Absolute(value) => format!("{} ≤ {}", goal.server, number(value)),
    }
}

/// Whether the median reaches the goal.
fn verdict(results: &Results, title: &str, goal: &Goal) -> &'static str {
    let (range, most) = match goal.bound {
        Bound::Ratio(most) => (results.ratio(title, goal.metric, goal.server, PEER), most),
        Bound::Absolute(most) => (results.value(title, goal.metric, goal.server), most),
    };
    match range {
        Some(range) if range.median <= most => "✓",
        Some(_) => "**missed**",
        None => "not measured",
    }
}

fn spread(range: Range) -> String {
    let Range { median, low, high } = range;
    if low == high {
        format!("{median:.2}")
    } else {
        format!("{median:.2} ({low:.2}–{high:.2})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_or_are_whole() {
        for (value, text) in [
            (0.456, "0.46"),
            (6.31, "6.31"),
            (19.14, "19.1"),
            (184.2, "184"),
            (29_312.0, "29,312"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
