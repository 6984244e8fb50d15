//! What can happen, and how it is drawn.

use std::time::Duration;

use crate::chance::Chance;
use crate::lies::Lie;
use crate::script::ROOMS;

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
    /// A client leaves a namespace, and may want to be there again at once.
    Leave {
        client: usize,
        namespace: usize,
        again: bool,
    },
    /// A client emits.
    Emit {
        client: usize,
        namespace: usize,
        kind: Kind,
        size: usize,
    },
    /// A client emits until it may not, and goes on when it may again.
    Pour {
        client: usize,
        namespace: usize,
        count: usize,
        size: usize,
    },
    /// A client gives the answers that it owes.
    Answer { client: usize },
    /// The server emits to one socket.
    Tell { socket: usize, kind: Kind, size: usize },
    /// The server emits to one socket until it may not, and goes on when it may again.
    Flood { socket: usize, count: usize, size: usize },
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
    /// One client's clock jumps.
    Skew { client: usize, time: Duration },
    /// A proxy sends some of the next requests of a client twice.
    Twice { client: usize, count: usize },
    /// A client that breaks the rules does something.
    Lie { liar: usize, lie: Lie, number: usize },
    /// What becomes of a client's WebSockets from now on.
    WebSockets { client: usize, fate: Fate },
    /// A client's process ends, and another one takes its place, which knows nothing; the server is told or not.
    Reborn { client: usize, told: bool },
    /// The server ends, and another one takes its place, which knows nothing.
    Restart { graceful: bool },
}

/// How something is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Binary,
    /// With two attachments.
    Parts,
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

impl Step {
    /// What every client begins with.
    pub fn first(client: usize, chance: &mut Chance) -> Self {
        Self {
            wait: Duration::from_millis(chance.below(50)),
            action: Action::Join {
                client,
                namespace: index(chance, 2),
            },
        }
    }

    pub fn new(calm: bool, lies: bool, wide: bool, chance: &mut Chance) -> Self {
        let wait = match chance.below(20) {
            0..6 => 0,
            6..14 => chance.below(20_000),
            14..18 => chance.below(500_000),
            18 => chance.below(3_000_000),
            _ => chance.below(60_000_000),
        };
        Self {
            wait: Duration::from_micros(wait),
            action: if lies && chance.percent(40) {
                Action::Lie {
                    liar: index(chance, 60),
                    lie: if wide && chance.percent(10) {
                        Lie::Full
                    } else {
                        Lie::new(chance)
                    },
                    number: index(chance, 1 << 20),
                }
            } else if wide && chance.percent(12) {
                Action::rare(calm, chance)
            } else {
                Action::new(calm, chance)
            },
        }
    }
}

impl Action {
    fn new(calm: bool, chance: &mut Chance) -> Self {
        let client = index(chance, 60);
        let socket = index(chance, 1 << 20);
        let exchange = index(chance, 1 << 20);
        match chance.below(if calm { 74 } else { 110 }) {
            0..7 => Self::Join {
                client,
                namespace: index(chance, 3),
            },
            7..10 => Self::Leave {
                client,
                namespace: index(chance, 2),
                again: socket % 3 == 0,
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
            70..72 => Self::Flood {
                socket,
                count: index(chance, 60),
                size: size(chance),
            },
            72..74 => Self::Pour {
                client,
                namespace: index(chance, 2),
                count: index(chance, 60),
                size: size(chance),
            },
            74..81 => Self::Reset {
                exchange,
                up: chance.percent(70),
                down: chance.percent(70),
            },
            81..84 => Self::LoseAnswer { exchange },
            84..87 => Self::HalfOpen { client },
            87..90 => Self::Blackout {
                client,
                time: time(chance),
                told: chance.percent(60),
            },
            90..94 => Self::Hold {
                exchange,
                time: time(chance),
            },
            94..97 => Self::Slow {
                client,
                up: chance.percent(40),
                time: time(chance),
            },
            97..99 => Self::Freeze {
                client,
                time: time(chance),
            },
            99 => Self::Jump { time: time(chance) },
            100..103 => Self::Busy {
                client,
                up: chance.percent(50),
                time: time(chance),
            },
            103..105 => Self::WebSockets {
                client,
                fate: chance.pick(&[Fate::Open, Fate::Refused, Fate::Swallowed]),
            },
            105..107 => Self::Twice {
                client,
                count: index(chance, 4),
            },
            107 => Self::Skew {
                client,
                time: time(chance),
            },
            _ => Self::Restart {
                graceful: chance.percent(50),
            },
        }
    }
}

impl Action {
    /// What happens in [wide](crate::script::Settings::wide) scripts besides.
    fn rare(calm: bool, chance: &mut Chance) -> Self {
        let client = index(chance, 60);
        let socket = index(chance, 1 << 20);
        match chance.below(if calm { 10 } else { 12 }) {
            0..4 => Self::Emit {
                client,
                namespace: index(chance, 2),
                kind: Kind::Parts,
                size: size(chance),
            },
            4..8 => Self::Tell {
                socket,
                kind: Kind::Parts,
                size: size(chance),
            },
            8 => Self::Flood {
                socket,
                count: index(chance, 60),
                size: size(chance),
            },
            9 => Self::Pour {
                client,
                namespace: index(chance, 2),
                count: index(chance, 60),
                size: size(chance),
            },
            _ => Self::Reborn {
                client,
                told: chance.percent(50),
            },
        }
    }
}

impl Kind {
    /// How many attachments it has.
    pub const fn attachments(self) -> usize {
        match self {
            Self::Binary => 1,
            Self::Parts => 2,
            _ => 0,
        }
    }

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

pub fn index(chance: &mut Chance, end: u64) -> usize {
    usize::try_from(chance.below(end)).expect("it is small")
}
