//! What a client that breaks the rules does, and what it says.

use crate::action::index;
use crate::chance::Chance;

/// One thing that such a client does. Some of them are in order, so that there is something to break.
#[derive(Clone, Copy, Debug)]
pub enum Lie {
    /// It begins a session as everyone does.
    Arrive { websocket: bool },
    /// It asks for a namespace in the right words: as somebody new, or as one of those who it has been.
    Join { namespace: usize, returns: bool },
    /// It asks for what there is for it, if it does not already.
    Poll,
    /// It says one of these.
    Say(Words),
    /// It answers what it was asked: with nonsense, and twice.
    Answer,
    /// It sends one of [`KNOCKS`].
    Knock(usize),
    /// It sends a request while another one like it waits.
    Overlap { post: bool },
    /// It sends a body that says it is bytes.
    Bytes,
    /// It sends bytes that are no text in a body.
    NoText,
    /// It says more than it may at once.
    TooMuch,
    /// It says as much as it may at once.
    Full,
    /// It says something on a request that is over.
    Late,
    /// It opens one more WebSocket for its session.
    Probe,
    /// It says one of [`PROBES`] on that.
    SayProbe(usize),
    /// One of its exchanges ends.
    Vanish,
}

/// Packets, with their types of Engine.IO, that come together.
#[derive(Clone, Copy, Debug)]
pub enum Words {
    /// One of [`FATAL`].
    Fatal(usize),
    /// One of [`HARMLESS`].
    Harmless(usize),
    /// One of [`OTHER`].
    Other(usize),
    /// A ping, which is for the server to say in revision 4.
    Ping,
    /// A pong, which is for the server to say in revision 3.
    Pong,
}

/// What ends the session of whoever says it, wherever that is.
pub const FATAL: [&[&str]; 31] = [
    &["4"],
    &["49"],
    &["x"],
    &[""],
    &["b!"],
    &["1"],
    &["42"],
    &["42[]"],
    &["42{}"],
    &["42[\"a\""],
    &["42[\"a\",]"],
    &["42[null]"],
    &["42[\"connect\"]"],
    &["42[\"disconnect\",1]"],
    &["42/never,[\"m\"]"],
    &["43/never,1[]"],
    &["41/never,"],
    &["43[]"],
    &["4399999999999999999999999[]"],
    &["44{\"message\":\"no\"}"],
    &["44/never,\"no\""],
    &["40[]"],
    &["40/a,[7]"],
    &["40{"],
    &["41{}"],
    &["45-[\"m\"]"],
    &["451[\"m\"]"],
    &["4599-[\"m\"]"],
    &["451-[\"m\",{\"_placeholder\":true,\"num\":1}]"],
    &["451-[\"m\",{\"_placeholder\":true,\"num\":0}]", "42[\"m\"]"],
    &["bAAAA"],
];

/// What does nothing to the session of a client that is in the main namespace.
pub const HARMLESS: [&[&str]; 15] = [
    &["0"],
    &["0{\"sid\":\"x\"}"],
    &["5"],
    &["6"],
    &["43999999999[]"],
    &["43999999999[{\"a\":[1,2,3]}]", "43999999999[]"],
    &["42[\"m\",0]"],
    &["42[\"m\"]"],
    &["427[\"m\",\"x\",12345678]", "427[\"m\",\"x\",12345678]"],
    &["42[\"\"]"],
    &["42[17]"],
    &["42[\"m\",[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"],
    &["452-[\"m\",{\"_placeholder\":true,\"num\":0}]", "bAAAA", "bAAAA"],
    &["461-999999999[{\"_placeholder\":true,\"num\":0}]", "bAAAA"],
    &["40/no,", "40/no,{\"a\":1}"],
];

/// What means something else from one moment to the next.
pub const OTHER: [&[&str]; 7] = [
    &["40"],
    &["40/a,"],
    &["40/nowhere,"],
    &["41"],
    &["41/a,"],
    &["42/a,[\"m\"]"],
    &["451-[\"m\",{\"_placeholder\":true,\"num\":0}]"],
];

/// What is said on a WebSocket that is not the session's.
pub const PROBES: [&str; 6] = ["2probe", "2probe", "5", "2", "3probe", "42[\"m\"]"];

/// A request that opens no session and harms none.
#[derive(Clone, Copy, Debug)]
pub struct Knock {
    pub method: &'static str,
    /// What comes in front of the sid.
    pub query: &'static str,
    pub sid: Sid,
    pub websocket: bool,
    /// The number of the refusal.
    pub code: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sid {
    None,
    Never,
    /// One of a session that is over.
    Over,
    Own,
}

pub const KNOCKS: [Knock; 15] = [
    Knock::new("GET", "EIO=4", Sid::None, false, 0),
    Knock::new("GET", "EIO=4&transport=pigeon", Sid::Own, false, 0),
    Knock::new("GET", "EIO=4&transport=polling", Sid::Never, false, 1),
    Knock::new("POST", "EIO=4&transport=polling", Sid::Never, false, 1),
    Knock::new("GET", "EIO=4&transport=websocket", Sid::Never, true, 1),
    Knock::new("GET", "EIO=4&transport=polling", Sid::Over, false, 1),
    Knock::new("GET", "EIO=4&transport=websocket", Sid::Over, true, 1),
    Knock::new("POST", "EIO=4&transport=polling", Sid::None, false, 2),
    Knock::new("PUT", "EIO=4&transport=polling", Sid::None, false, 2),
    Knock::new("DELETE", "transport=polling", Sid::Own, false, 3),
    Knock::new("GET", "transport=websocket", Sid::Own, false, 3),
    Knock::new("GET", "transport=polling", Sid::Own, true, 3),
    Knock::new("GET", "EIO=5&transport=polling", Sid::Own, false, 3),
    Knock::new("GET", "EIO=4&transport=websocket", Sid::None, false, 3),
    Knock::new("GET", "EIO=5&transport=polling", Sid::None, false, 5),
];

impl Knock {
    const fn new(method: &'static str, query: &'static str, sid: Sid, websocket: bool, code: u8) -> Self {
        Self {
            method,
            query,
            sid,
            websocket,
            code,
        }
    }
}

impl Lie {
    pub fn new(chance: &mut Chance) -> Self {
        match chance.below(44) {
            0..4 => Self::Arrive {
                websocket: chance.percent(50),
            },
            4..8 => Self::Join {
                namespace: index(chance, 3),
                returns: chance.percent(40),
            },
            8..12 => Self::Poll,
            12..26 => Self::Say(match chance.below(20) {
                0..5 => Words::Fatal(index(chance, FATAL.len() as u64)),
                5..12 => Words::Harmless(index(chance, HARMLESS.len() as u64)),
                12..14 => Words::Other(index(chance, OTHER.len() as u64)),
                14 => Words::Ping,
                _ => Words::Pong,
            }),
            26..28 => Self::Answer,
            28..32 => Self::Knock(index(chance, KNOCKS.len() as u64)),
            32 => Self::Overlap {
                post: chance.percent(50),
            },
            33 => Self::Bytes,
            34 => Self::NoText,
            35 => Self::TooMuch,
            36..38 => Self::Late,
            38..40 => Self::Probe,
            40..43 => Self::SayProbe(index(chance, PROBES.len() as u64)),
            _ => Self::Vanish,
        }
    }
}
