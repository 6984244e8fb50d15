//! The results as pictures: costs as bars, growth as lines. SVG without scripts or fonts of its own.

use std::fmt::Write;

use crate::measure::{CPU, FRESH};
use crate::results::Results;
use crate::scenarios::{Bound, Scenario};
use crate::table::{PEER, number, thousands};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 40.0;
const BAR: f64 = 13.0;
const GAP: f64 = 14.0;
/// Bars that are longer end here: so many times as much as the peer takes.
const MOST: f64 = 1.75;

/// Servers and their colours, the first in the picture first.
const COLOURS: [(&str, &str); 5] = [
    ("tokio", "#d1495b"),
    ("smol", "#edae49"),
    ("socketioxide", "#30638e"),
    ("node", "#5b8c5a"),
    ("floor", "#9aa5b1"),
];

const INK: &str = "#22303c";
const PALE: &str = "#dfe4e9";

/// A picture in the making.
struct Picture {
    body: String,
}

/// What each server takes as a part of what the peer takes; the goal is a line.
pub fn costs(results: &Results, scenarios: &[Scenario]) -> String {
    let scenarios: Vec<_> = scenarios.iter().filter(|scenario| scenario.growth.is_none()).collect();
    let servers = drawn(results, &scenarios);
    let scale = (WIDTH - LEFT - RIGHT) / MOST;
    let mut picture = Picture::new(
        "What an operation costs the server",
        "CPU time; idle: memory. In brackets and as length: the part of what socketioxide takes. Shorter is better; marks are goals.",
    );
    let top = picture.legend(&servers);
    let mut y = top + 26.0;
    let start = y;
    for scenario in scenarios {
        let metric = if results.value(&scenario.title, FRESH, PEER).is_some() {
            FRESH
        } else {
            CPU
        };
        let bars: Vec<_> = servers
            .iter()
            .filter_map(|&(server, colour)| {
                let ratio = results.ratio(&scenario.title, metric, server, PEER)?.median;
                let value = results.value(&scenario.title, metric, server)?.median;
                Some((server, colour, ratio, value))
            })
            .collect();
        if bars.is_empty() {
            continue;
        }
        let height = bars.len() as f64 * BAR;
        picture.text(LEFT - 12.0, y + height / 2.0 + 4.0, "end", 13, INK, &scenario.title);
        for (index, &(server, colour, ratio, value)) in bars.iter().enumerate() {
            let top = y + index as f64 * BAR;
            let length = ratio.min(MOST) * scale;
            picture.bar(LEFT, top, length, BAR - 2.0, colour);
            let unit = if metric == CPU { " µs" } else { " B" };
            let mut label = format!("{}{unit}", number(value));
            if server != PEER {
                let _ = write!(label, " ({ratio:.2})");
            }
            if ratio > MOST * 0.82 {
                picture.text(LEFT + length - 6.0, top + 9.0, "end", 10, "white", &label);
            } else {
                picture.text(LEFT + length + 5.0, top + 9.0, "start", 10, INK, &label);
            }
            if ratio > MOST {
                picture.tear(LEFT + length - 110.0, top, BAR - 2.0);
            }
            let peer = results
                .value(&scenario.title, metric, PEER)
                .map_or(1.0, |range| range.median);
            for goal in scenario
                .goals
                .iter()
                .filter(|goal| goal.metric == metric && goal.server == server)
            {
                let goal = match goal.bound {
                    Bound::Ratio(ratio) => ratio,
                    Bound::Absolute(value) => value / peer,
                };
                picture.line(
                    LEFT + goal * scale,
                    top - 1.5,
                    LEFT + goal * scale,
                    top + BAR - 0.5,
                    INK,
                    2.0,
                );
            }
        }
        y += height + GAP;
    }
    let mut axis = Picture { body: String::new() };
    for quarters in 0..=7 {
        let x = LEFT + f64::from(quarters) / 4.0 * scale;
        let colour = if quarters == 4 { "#8fa0af" } else { PALE };
        axis.line(x, start - 8.0, x, y - 4.0, colour, 1.0);
        axis.text(
            x,
            start - 13.0,
            "middle",
            11,
            "#66757f",
            &format!("{}", f64::from(quarters) / 4.0),
        );
    }
    picture.behind(&axis.body);
    picture.finish(y + 10.0)
}

/// A panel for each thing that grows: both axes logarithmic, so that what does not grow is level.
pub fn growth(results: &Results, scenarios: &[Scenario]) -> String {
    let scenarios: Vec<_> = scenarios.iter().filter(|scenario| scenario.growth.is_some()).collect();
    let servers = drawn(results, &scenarios);
    let mut picture = Picture::new(
        "What happens when there are more",
        "Level lines are good. Both axes are logarithmic.",
    );
    let top = picture.legend(&servers);
    let mut names: Vec<&str> = Vec::new();
    for scenario in &scenarios {
        if !names.contains(&scenario.name) && servers.iter().any(|(server, _)| is_measured(results, scenario, server)) {
            names.push(scenario.name);
        }
    }
    let (width, height) = (430.0, 170.0);
    for (index, name) in names.iter().enumerate() {
        let x = 20.0 + (index % 2) as f64 * (width + 50.0);
        let y = top + 20.0 + (index / 2) as f64 * (height + 70.0);
        let members: Vec<_> = scenarios
            .iter()
            .copied()
            .filter(|scenario| scenario.name == *name)
            .collect();
        picture.panel(results, &members, &servers, (x, y, width, height));
    }
    picture.finish(top + 20.0 + names.len().div_ceil(2) as f64 * (height + 70.0))
}

fn is_measured(results: &Results, scenario: &Scenario, server: &str) -> bool {
    [CPU, FRESH]
        .iter()
        .any(|metric| results.value(&scenario.title, metric, server).is_some())
}

/// The servers that these scenarios have figures of, with their colours; others than the known ones are black.
fn drawn<'a>(results: &'a Results, scenarios: &[&Scenario]) -> Vec<(&'a str, &'static str)> {
    let mut measured = results.servers();
    measured.retain(|server| scenarios.iter().any(|scenario| is_measured(results, scenario, server)));
    let known = COLOURS.iter().filter_map(|(name, colour)| {
        let server = measured.iter().find(|server| *server == name)?;
        Some((*server, *colour))
    });
    let others = measured
        .iter()
        .filter(|server| COLOURS.iter().all(|(name, _)| name != *server));
    known.chain(others.map(|server| (*server, "#222222"))).collect()
}

impl Picture {
    fn new(title: &str, subtitle: &str) -> Self {
        let mut picture = Self { body: String::new() };
        picture.text(20.0, 34.0, "start", 20, INK, title);
        picture.text(20.0, 56.0, "start", 13, "#66757f", subtitle);
        picture
    }

    /// Names the colours, and says where that ends.
    fn legend(&mut self, servers: &[(&str, &str)]) -> f64 {
        let mut x = 20.0;
        for (server, colour) in servers {
            self.bar(x, 72.0, 12.0, 12.0, colour);
            let label = match *server {
                "tokio" | "smol" => format!("ours on {server}"),
                "node" => "socket.io on Node".to_owned(),
                "floor" => "floor: copies bytes".to_owned(),
                server => server.to_owned(),
            };
            self.text(x + 18.0, 82.5, "start", 13, INK, &label);
            x += 18.0 + label.len() as f64 * 7.2 + 22.0;
        }
        100.0
    }

    fn panel(
        &mut self,
        results: &Results,
        scenarios: &[&Scenario],
        servers: &[(&str, &str)],
        place: (f64, f64, f64, f64),
    ) {
        let (left, top, width, height) = place;
        let (left, width) = (left + 50.0, width - 60.0);
        let sizes: Vec<_> = scenarios.iter().filter_map(|scenario| scenario.growth).collect();
        let (what, first) = sizes[0];
        let (_, last) = sizes[sizes.len() - 1];
        let metric = |scenario: &Scenario| if scenario.operation == "connection" { FRESH } else { CPU };
        let unit = if metric(scenarios[0]) == CPU { "µs" } else { "bytes" };
        let points = |server: &str| -> Vec<(f64, f64)> {
            let values = scenarios.iter().filter_map(|scenario| {
                let (_, size) = scenario.growth?;
                let value = results.value(&scenario.title, metric(scenario), server)?.median;
                (value > 0.0).then_some((size as f64, value))
            });
            values.collect()
        };
        let values = || {
            servers
                .iter()
                .flat_map(|(server, _)| points(server))
                .map(|(_, value)| value)
        };
        let low = 10_f64.powf(values().fold(f64::INFINITY, f64::min).log10().floor());
        let high = 10_f64.powf(values().fold(0.0, f64::max).log10().ceil()).max(low * 10.0);
        let at = |size: f64, value: f64| {
            let across = (size / first as f64).ln() / (last as f64 / first as f64).ln();
            let up = (value / low).ln() / (high / low).ln();
            (left + across * width, top + height - up * height)
        };
        self.text(
            left,
            top - 10.0,
            "start",
            14,
            INK,
            &format!("{unit} per {}, by {what}", scenarios[0].operation),
        );
        let mut step = low;
        while step <= high * 1.01 {
            let (_, y) = at(first as f64, step);
            self.line(left, y, left + width, y, PALE, 1.0);
            let label = if step < 1.0 {
                format!("{step:.1}")
            } else {
                thousands(step)
            };
            self.text(left - 8.0, y + 4.0, "end", 11, "#66757f", &label);
            step *= 10.0;
        }
        for (_, size) in &sizes {
            let (x, _) = at(*size as f64, low);
            self.text(
                x,
                top + height + 18.0,
                "middle",
                11,
                "#66757f",
                &thousands(*size as f64),
            );
        }
        for (server, colour) in servers {
            let places: Vec<_> = points(server)
                .into_iter()
                .map(|(size, value)| at(size, value))
                .collect();
            for pair in places.windows(2) {
                self.line(pair[0].0, pair[0].1, pair[1].0, pair[1].1, colour, 2.5);
            }
            for (x, y) in places {
                let _ = writeln!(
                    self.body,
                    r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" fill="{colour}"/>"#
                );
            }
        }
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, size: u32, colour: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        // So that lines behind it do not cross it.
        let halo = if colour == "white" {
            ""
        } else {
            r##" stroke="#fbfcfd" stroke-width="3" paint-order="stroke""##
        };
        let weight = if size >= 20 { "600" } else { "400" };
        let _ = writeln!(
            self.body,
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" fill="{colour}"{halo}>{text}</text>"#
        );
    }

    fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, colour: &str) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="2" fill="{colour}"/>"#
        );
    }

    fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, colour: &str, width: f64) {
        let _ = writeln!(
            self.body,
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{colour}" stroke-width="{width}"/>"#
        );
    }

    /// A white gap that says that a bar would be longer.
    fn tear(&mut self, x: f64, y: f64, height: f64) {
        for x in [x, x + 6.0] {
            self.line(x, y + height + 1.0, x + 4.0, y - 1.0, "white", 2.5);
        }
    }

    fn behind(&mut self, body: &str) {
        self.body.insert_str(0, body);
    }

    fn finish(self, height: f64) -> String {
        let body = self.body;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
             font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fbfcfd\"/>\n{body}</svg>\n"
        )
    }
}
