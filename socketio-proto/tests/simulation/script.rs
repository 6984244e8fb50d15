//! What one run is made of: settings, and steps in an order, all of it from a seed.

use std::time::Duration;

use engineio_proto::Revision;
use engineio_proto::client::Transports;

use crate::chance::Chance;

/// How many rooms there are to join.
pub const ROOMS: [&str; 4] = ["red", "green", "blue", "l0"];

/// The namespaces; nobody is let into the last.
pub const NAMESPACES: [&str; 3] = ["/", "/a", "/no"];

#[derive(Clone, Debug)]
pub struct Script {
    pub seed: u64,
    pub settings: Settings,
    pub steps: Vec<Step>,
}

/// What is decided before it begins.
#[derive(Clone, Debug)]
pub struct Settings {
    /// One entry a client: how it may connect, and in which revision.
    pub clients: Vec<(Transports, Revision)>,
    pub msgpack: bool,
    pub upgrades: bool,
    pub recovery: bool,
    pub ping_interval: Duration,
    pub ping_timeout: Duration,
    pub max_payload: usize,
    pub send_capacity: usize,
    pub buffer_capacity: usize,
    pub recovery_capacity: usize,
    pub max_pending_acks: usize,
    pub reconnection_attempts: Option<u32>,
    /// The longest that anything takes on its way.
    pub latency: Duration,
}

/// Something that happens after a while. Numbers that choose among things are larger than there are things: what is chosen is the
/// remainder, so that a step means something whatever happened before it.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub wait: Duration,
    pub action: Action,
}

#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// A client wants to be in a namespace.
    Join { client: usize, namespace: usize },
    /// A client leaves a namespace.
    Leave { client: usize, namespace: usize },
    /// A client emits.
    Emit {
        client: usize,
        namespace: usize,
        kind: Kind,
        size: usize,
    },
    /// A client gives the answers that it owes.
    Answer { client: usize },
    /// The server emits to one socket.
    Tell { socket: usize, kind: Kind, size: usize },
    /// The server emits to many.
    Broadcast { namespace: usize, target: u64, size: usize },
    /// The server puts a socket into a room.
    Enter { socket: usize, room: usize },
    /// The server takes a socket out of a room.
    Exit { socket: usize, room: usize },
    /// The server makes a socket leave, and maybe ends its connection.
    Dismiss { socket: usize, close: bool },
    /// The server gives the answers that it owes, admissions among them.
    Decide,
    /// An exchange breaks: what is on its way is lost, and the sides are told or not.
    Reset { exchange: usize, up: bool, down: bool },
    /// The answer to a request is lost, or the rest of what is on its way on a WebSocket; the client is told.
    LoseAnswer { exchange: usize },
    /// A client's exchanges carry nothing any more, and nobody is told.
    HalfOpen { client: usize },
    /// A client reaches nobody for a while, and its requests fail or vanish.
    Blackout { client: usize, time: Duration, told: bool },
    /// What is on its way down an exchange, and what follows, is held back for a while.
    Hold { exchange: usize, time: Duration },
    /// One side of a client's WebSocket takes no more for a while.
    Slow { client: usize, up: bool, time: Duration },
    /// The application of one side fetches nothing for a while: the client's, or the server's for this client.
    Busy { client: usize, up: bool, time: Duration },
    /// A client's process sleeps.
    Freeze { client: usize, time: Duration },
    /// Everybody's clock jumps.
    Jump { time: Duration },
    /// What becomes of a client's WebSockets from now on.
    WebSockets { client: usize, fate: Fate },
    /// The server ends, and another one takes its place, which knows nothing.
    Restart { graceful: bool },
}

/// How something is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Binary,
    Volatile,
    /// With an acknowledgement, within this time if it is given.
    Ask(Option<Duration>),
    /// With retries; the server emits it plainly.
    Insist,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Open,
    /// A proxy that knows none answers the request.
    Refused,
    /// Nothing is heard of it.
    Swallowed,
}

impl Script {
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let settings = Settings::new(&mut chance);
        let mut steps: Vec<_> = (0..settings.clients.len())
            .map(|client| Step::first(client, &mut chance))
            .collect();
        let count = chance.pick(&[5, 10, 20, 40, 80]);
        let calm = chance.percent(30);
        steps.extend((0..count).map(|_| Step::new(calm, &mut chance)));
        Self { seed, settings, steps }
    }
}

impl Settings {
    fn new(chance: &mut Chance) -> Self {
        let old = chance.percent(30);
        let clients = (0..=chance.below(5))
            .map(|_| {
                let all = [
                    Transports::Polling,
                    Transports::WebSocket,
                    Transports::PollingThenWebSocket,
                ];
                let transports = chance.pick(&[all[0], all[1], all[2], all[2]]);
                let is_old = old && chance.percent(50);
                (transports, if is_old { Revision::V3 } else { Revision::V4 })
            })
            .collect();
        let (ping_interval, ping_timeout) =
            chance.pick(&[(25_000, 20_000), (25_000, 20_000), (2_000, 1_500), (500, 900)]);
        Self {
            clients,
            msgpack: chance.percent(20),
            upgrades: chance.percent(85),
            recovery: chance.percent(50),
            ping_interval: Duration::from_millis(ping_interval),
            ping_timeout: Duration::from_millis(ping_timeout),
            max_payload: chance.pick(&[1_000_000, 1_000_000, 3_000]),
            send_capacity: chance.pick(&[4 << 20, 10_000, 3_000]),
            buffer_capacity: chance.pick(&[4 << 20, 4_000, 1_000]),
            recovery_capacity: chance.pick(&[16 << 20, 16 << 20, 5_000]),
            max_pending_acks: chance.pick(&[10_000, 3]),
            reconnection_attempts: chance.pick(&[None, None, None, Some(2)]),
            latency: Duration::from_micros(chance.pick(&[0, 1_000, 30_000, 30_000, 300_000])),
        }
    }
}

impl Step {
    /// What every client begins with.
    fn first(client: usize, chance: &mut Chance) -> Self {
        Self {
            wait: Duration::from_millis(chance.below(50)),
            action: Action::Join {
                client,
                namespace: index(chance, 2),
            },
        }
    }

    fn new(calm: bool, chance: &mut Chance) -> Self {
        let wait = match chance.below(20) {
            0..6 => 0,
            6..14 => chance.below(20_000),
            14..18 => chance.below(500_000),
            18 => chance.below(3_000_000),
            _ => chance.below(60_000_000),
        };
        Self {
            wait: Duration::from_micros(wait),
            action: Action::new(calm, chance),
        }
    }
}

impl Action {
    fn new(calm: bool, chance: &mut Chance) -> Self {
        let client = index(chance, 60);
        let socket = index(chance, 1 << 20);
        let exchange = index(chance, 1 << 20);
        match chance.below(if calm { 70 } else { 103 }) {
            0..7 => Self::Join {
                client,
                namespace: index(chance, 3),
            },
            7..10 => Self::Leave {
                client,
                namespace: index(chance, 2),
            },
            10..27 => Self::Emit {
                client,
                namespace: index(chance, 2),
                kind: Kind::new(chance),
                size: size(chance),
            },
            27..30 => Self::Answer { client },
            30..42 => Self::Tell {
                socket,
                kind: Kind::new(chance),
                size: size(chance),
            },
            42..55 => Self::Broadcast {
                namespace: index(chance, 2),
                target: chance.draw(),
                size: size(chance),
            },
            55..62 => Self::Enter {
                socket,
                room: index(chance, ROOMS.len() as u64),
            },
            62..65 => Self::Exit {
                socket,
                room: index(chance, ROOMS.len() as u64),
            },
            65..67 => Self::Dismiss {
                socket,
                close: chance.percent(40),
            },
            67..70 => Self::Decide,
            70..77 => Self::Reset {
                exchange,
                up: chance.percent(70),
                down: chance.percent(70),
            },
            77..80 => Self::LoseAnswer { exchange },
            80..83 => Self::HalfOpen { client },
            83..86 => Self::Blackout {
                client,
                time: time(chance),
                told: chance.percent(60),
            },
            86..90 => Self::Hold {
                exchange,
                time: time(chance),
            },
            90..93 => Self::Slow {
                client,
                up: chance.percent(40),
                time: time(chance),
            },
            93..95 => Self::Freeze {
                client,
                time: time(chance),
            },
            95 => Self::Jump { time: time(chance) },
            96..99 => Self::Busy {
                client,
                up: chance.percent(50),
                time: time(chance),
            },
            99..101 => Self::WebSockets {
                client,
                fate: chance.pick(&[Fate::Open, Fate::Refused, Fate::Swallowed]),
            },
            _ => Self::Restart {
                graceful: chance.percent(50),
            },
        }
    }
}

impl Kind {
    fn new(chance: &mut Chance) -> Self {
        match chance.below(14) {
            0..4 => Self::Plain,
            4..6 => Self::Binary,
            6 => Self::Volatile,
            7..10 => Self::Ask(None),
            10..12 => Self::Ask(Some(Duration::from_micros(chance.below(3_000_000)))),
            _ => Self::Insist,
        }
    }
}

fn size(chance: &mut Chance) -> usize {
    let end = chance.pick(&[10, 100, 100, 1_500, 4_000]);
    index(chance, end)
}

fn time(chance: &mut Chance) -> Duration {
    let end = chance.pick(&[300_000, 3_000_000, 30_000_000]);
    Duration::from_micros(chance.below(end))
}

fn index(chance: &mut Chance, end: u64) -> usize {
    usize::try_from(chance.below(end)).expect("it is small")
}
