//! One client shouts into a room, and all members hear it.

use anyhow::{Result, ensure};

use super::rooms;
use crate::measure::{Figure, Times, measure};
use crate::payload;
use crate::pool::Pool;
use crate::server::Server;
use crate::websocket::{self, Frame};

/// How many hear what.
#[derive(Clone, Copy, Debug)]
pub struct Broadcast {
    pub members: usize,
    /// Bytes of JSON; a string if it is short.
    pub size: usize,
}

impl Broadcast {
    /// An operation is one delivery.
    pub fn run(self, server: &Server, times: Times) -> Result<Vec<Figure>> {
        let mut pool = Pool::connect(server.port, self.members)?;
        rooms::join(&mut pool, "lobby")?;
        let argument = if self.size < 1024 {
            payload::string(self.size)
        } else {
            payload::json(self.size)
        };
        let shout = format!(r#"42["shout",{argument}]"#);
        let mut request = Vec::new();
        websocket::text(shout.as_bytes(), &mut request);
        let mut sender = 0;
        measure(server, times, |tally| {
            pool.send(sender, &request)?;
            sender = (sender + 1) % self.members;
            let mut heard = 0;
            while heard < self.members {
                pool.turn(|_, frame, _| {
                    ensure!(frame == Frame::Text(shout.as_bytes()), "unexpected: {frame:?}");
                    heard += 1;
                    Ok(())
                })?;
            }
            ensure!(heard == self.members, "someone heard it twice");
            tally.operations += heard as u64;
            Ok(())
        })
    }
}
