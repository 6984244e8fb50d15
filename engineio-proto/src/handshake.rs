//! The first packet of a session: what the server offers and demands.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write as _};
use core::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::heartbeat::Rhythm;
use crate::{AnySid, DecodeError};

/// The contents of the open packet.
///
/// <https://socket.io/docs/v4/engine-io-protocol/#handshake>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The session's id: the key to it.
    pub sid: AnySid,
    /// Whether the server offers to go over to a WebSocket.
    pub upgrade_to_websocket: bool,
    /// How often the server pings, in whole milliseconds.
    pub ping_interval: Duration,
    /// How long after a ping the answer may take, in whole milliseconds.
    pub ping_timeout: Duration,
    /// The largest message or polling body that the server takes, in bytes; `usize::MAX` if it does not say.
    pub max_payload: usize,
}

/// The wire's own form, with its names.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow)]
    sid: Cow<'a, str>,
    #[serde(default)]
    upgrades: Upgrades,
    ping_interval: u64,
    ping_timeout: u64,
    /// Old servers do not say, and one that was told `Infinity` says `null`; then no limit is known.
    max_payload: Option<u64>,
}

/// The transports that are offered, of which one is known here; the others cost nothing.
#[derive(Default)]
struct Upgrades {
    websocket: bool,
}

impl Handshake {
    /// The longest JSON that is one, in bytes. Servers say some hundred; what is escaped in more than they can mean would be unescaped into
    /// memory that grows beyond its own.
    pub const MAX_LEN: usize = 16 << 10;

    /// Reads the JSON of an open packet, without the packet's type.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Handshake`] if it is not such an object, is longer than [`MAX_LEN`](Self::MAX_LEN), or its sid is none. Whether its
    /// times make sense is for whoever lives by them to say.
    pub fn decode(json: &str) -> Result<Self, DecodeError> {
        // A list of the values would be read as well.
        if json.len() > Self::MAX_LEN || !json.trim_start().starts_with('{') {
            return Err(DecodeError::Handshake);
        }
        let wire: Wire<'_> = serde_json::from_str(json).map_err(|_| DecodeError::Handshake)?;
        Ok(Self {
            sid: AnySid::parse(&wire.sid).ok_or(DecodeError::Handshake)?,
            upgrade_to_websocket: wire.upgrades.websocket,
            ping_interval: Duration::from_millis(wire.ping_interval),
            ping_timeout: Duration::from_millis(wire.ping_timeout),
            max_payload: wire
                .max_payload
                .and_then(|max| max.try_into().ok())
                .unwrap_or(usize::MAX),
        })
    }

    /// Whether one can live by its times. None is a spin; what the timers of JavaScript cannot count, 25 days, is no supervision.
    pub(crate) fn is_livable(&self) -> bool {
        const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);
        [self.ping_interval, self.ping_timeout]
            .iter()
            .all(|time| !time.is_zero() && *time <= LONGEST)
    }

    pub(crate) const fn rhythm(&self) -> Rhythm {
        Rhythm {
            interval: self.ping_interval,
            timeout: self.ping_timeout,
        }
    }

    /// Appends the JSON of an open packet, its keys in the order that other servers use.
    pub fn encode(&self, out: &mut String) {
        let upgrades = if self.upgrade_to_websocket { "\"websocket\"" } else { "" };
        write!(
            out,
            r#"{{"sid":"{}","upgrades":[{upgrades}],"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
            self.sid.as_str(),
            self.ping_interval.as_millis(),
            self.ping_timeout.as_millis(),
            self.max_payload,
        )
        .expect("a String takes whatever is written to it");
    }
}

impl<'de> Deserialize<'de> for Upgrades {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(UpgradesVisitor)
    }
}

struct UpgradesVisitor;

impl<'de> Visitor<'de> for UpgradesVisitor {
    type Value = Upgrades;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of transports")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Upgrades, A::Error> {
        let mut upgrades = Upgrades::default();
        while let Some(name) = list.next_element::<Cow<'de, str>>()? {
            upgrades.websocket |= name == "websocket";
        }
        Ok(upgrades)
    }
}
