//! All that is measured, with the goals.

mod broadcast;
mod connect;
mod echo;
mod idle;
mod polling;
mod rooms;

use std::time::Duration;

use anyhow::Result;

use self::broadcast::Broadcast;
use self::connect::{Transport, Visits};
use self::echo::{Argument, Echo};
use self::polling::PollingEcho;
use self::rooms::Joins;
use crate::measure::{CPU, FRESH, Figure, P99, Times, USED};
use crate::server::{Program, Settings};
use crate::table::thousands;
use crate::watch::Waiting;

/// One thing to measure.
pub struct Scenario {
    /// How it is asked for.
    pub name: &'static str,
    /// What it is called in tables.
    pub title: String,
    /// What one operation is.
    pub operation: &'static str,
    /// What grows from this scenario to the next of the same, and how much of it there is here.
    pub growth: Option<(&'static str, usize)>,
    pub goals: Vec<Goal>,
    workload: Workload,
}

/// What a server is to reach.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    pub server: &'static str,
    pub metric: &'static str,
    pub bound: Bound,
}

/// How much at most.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// Of what socketioxide takes.
    Ratio(f64),
    /// In the metric's unit.
    Absolute(f64),
}

#[derive(Clone, Copy)]
enum Workload {
    Echo(Echo, usize),
    Broadcast(Broadcast),
    Visits(Visits),
    Polling(PollingEcho),
    Memory(Option<usize>),
    Heartbeats,
    Joins(Joins),
}

impl Scenario {
    /// Whether a server has what this is about.
    pub fn suits(&self, program: &Program) -> bool {
        let has_one_thread = matches!(program.name.as_str(), "node" | "floor");
        !(has_one_thread && matches!(self.workload, Workload::Echo(_, 2..)))
    }

    /// Runs it on a fresh server.
    pub fn run(&self, program: &Program, times: Times, waiting: Waiting) -> Result<Vec<Figure>> {
        let mut settings = Settings {
            ping_interval: Duration::from_secs(25),
            workers: 1,
            waiting,
        };
        match self.workload {
            Workload::Heartbeats => settings.ping_interval = idle::PING_INTERVAL,
            Workload::Echo(_, workers) => settings.workers = workers,
            _ => {}
        }
        let server = program.start(settings)?;
        match self.workload {
            Workload::Echo(echo, _) => echo.run(&server, times),
            Workload::Broadcast(broadcast) => broadcast.run(&server, times),
            Workload::Visits(visits) => visits.run(&server, times),
            Workload::Polling(echo) => echo.run(&server, times),
            Workload::Memory(Some(clients)) => idle::memory(&server, times, clients),
            Workload::Memory(None) => idle::memory(&server, times, if times.quick { 1_000 } else { 5_000 }),
            Workload::Heartbeats => idle::heartbeats(&server, times),
            Workload::Joins(joins) => joins.run(&server, times),
        }
    }

    fn new(name: &'static str, title: &str, operation: &'static str, workload: Workload) -> Self {
        Self {
            name,
            title: title.to_owned(),
            operation,
            growth: None,
            goals: Vec::new(),
            workload,
        }
    }

    /// CPU time on tokio, as a part of socketioxide's.
    fn goal(self, ratio: f64) -> Self {
        self.goal_of("tokio", CPU, Bound::Ratio(ratio))
    }

    fn goal_of(mut self, server: &'static str, metric: &'static str, bound: Bound) -> Self {
        self.goals.push(Goal { server, metric, bound });
        self
    }

    fn growing(mut self, what: &'static str, size: usize) -> Self {
        self.growth = Some((what, size));
        self.title = format!("{}: {}", self.title, thousands(size as f64));
        self
    }
}

/// All scenarios, in the order of the table. Those that grow share a name.
pub fn all() -> Vec<Scenario> {
    let echo = |argument, clients, in_flight| Echo {
        event: "echo",
        argument,
        clients,
        in_flight,
        rooms: 0,
    };
    let single = |echo| Workload::Echo(echo, 1);
    let json = |event, size| {
        single(Echo {
            event,
            ..echo(Argument::Json(size), 64, 1)
        })
    };
    let broadcast = |members, size| Workload::Broadcast(Broadcast { members, size });
    let visits = |transport| Workload::Visits(Visits { transport, at_once: 16 });
    let polling = |size, in_flight| {
        Workload::Polling(PollingEcho {
            sessions: 64,
            size,
            in_flight,
        })
    };
    let small = Argument::Text(32);
    let mut all = vec![
        Scenario::new(
            "echo",
            "echo with ack, 32 B, 1 in flight",
            "message",
            single(echo(small, 64, 1)),
        )
        .goal(0.70)
        .goal_of("smol", CPU, Bound::Ratio(0.85)),
        Scenario::new(
            "echo-16",
            "echo with ack, 32 B, 16 in flight",
            "message",
            single(echo(small, 64, 16)),
        )
        .goal(0.33),
        Scenario::new("json-1k", "echo 1 KiB JSON, relayed", "message", json("echo", 1024)).goal(0.30),
        Scenario::new(
            "json-16k",
            "echo 16 KiB JSON, relayed",
            "message",
            json("echo", 16 * 1024),
        )
        .goal(0.10),
        Scenario::new(
            "value-1k",
            "echo 1 KiB JSON through Value",
            "message",
            json("echo_json", 1024),
        )
        .goal(0.70),
        Scenario::new(
            "attachment",
            "echo one 1 KiB attachment",
            "message",
            single(echo(Argument::Attachment(1024), 64, 1)),
        )
        .goal(0.68),
        Scenario::new("broadcast", "broadcast 32 B to 1,000", "delivery", broadcast(1_000, 32)).goal(0.70),
        Scenario::new(
            "broadcast-1k",
            "broadcast 1 KiB to 1,000",
            "delivery",
            broadcast(1_000, 1024),
        )
        .goal(0.66),
        Scenario::new(
            "connect",
            "connect and leave, WebSocket",
            "visit",
            visits(Transport::WebSocket),
        )
        .goal(0.72),
        Scenario::new(
            "connect-polling",
            "connect and leave, polling",
            "visit",
            visits(Transport::Polling),
        )
        .goal(0.85),
        Scenario::new("polling", "polling echo 32 B", "message", polling(32, 1)).goal(0.80),
        Scenario::new("polling-1k", "polling echo 1 KiB", "message", polling(1024, 1)).goal(0.55),
        Scenario::new(
            "polling-16",
            "polling echo 32 B, 16 in flight",
            "message",
            polling(32, 16),
        )
        .goal(0.40),
        Scenario::new("idle", "idle WebSocket", "connection", Workload::Memory(None))
            .goal_of("tokio", FRESH, Bound::Absolute(6_000.0))
            .goal_of("tokio", USED, Bound::Absolute(6_000.0)),
        Scenario::new("heartbeat", "heartbeat", "ping and pong", Workload::Heartbeats).goal(0.65),
        Scenario::new(
            "workers",
            "echo 32 B, two workers",
            "message",
            Workload::Echo(echo(small, 64, 1), 2),
        )
        .goal(0.75)
        .goal_of("tokio", P99, Bound::Ratio(1.0)),
    ];
    for members in [10, 100, 1_000, 10_000] {
        let workload = broadcast(members, 32);
        all.push(
            Scenario::new("members", "members of a room", "delivery", workload).growing("members of a room", members),
        );
    }
    for clients in [1, 10, 100, 1_000, 10_000] {
        let workload = single(echo(small, clients, 1));
        all.push(Scenario::new("connections", "connections", "message", workload).growing("connections", clients));
    }
    for clients in [100, 1_000, 10_000] {
        let workload = Workload::Memory(Some(clients));
        all.push(
            Scenario::new("memory", "idle WebSockets", "connection", workload).growing("idle connections", clients),
        );
    }
    for rooms in [1, 10, 100, 1_000] {
        let workload = Workload::Joins(Joins { rooms });
        all.push(
            Scenario::new("joins", "joins per socket", "join", workload).growing("rooms joined by a socket", rooms),
        );
    }
    for rooms in [1, 10, 100, 1_000] {
        let workload = single(Echo {
            rooms,
            ..echo(small, 64, 1)
        });
        all.push(
            Scenario::new("rooms", "echo, rooms of the socket", "message", workload)
                .growing("rooms of the sender", rooms),
        );
    }
    all
}
