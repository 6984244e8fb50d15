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
        let mut pool = Pool::connect(server, self.members)?;
        rooms::join(&mut pool, "lobby")?;
        let argument = if self.size < 1024 {
            payload::string(self.size)
        } else {
            payload::json(self.size)
        };
        let shout = format!(r#"42["shout",{argument}]"#);
        let mut request = Vec::new();
        websocket::text(shout.as_bytes(), &mut request);
        let mut shouts = 0_usize;
        let mut heard_by = vec![0; self.members];
        measure(server, times, |tally| {
            pool.send(shouts % self.members, &request)?;
            shouts += 1;
            let mut heard = 0;
            while heard < self.members {
                pool.turn(|member, frame, _| {
                    ensure!(frame == Frame::Text(shout.as_bytes()), "unexpected: {frame:?}");
                    heard_by[member] += 1;
                    ensure!(heard_by[member] == shouts, "client {member} heard it twice");
                    heard += 1;
                    Ok(())
                })?;
            }
            tally.operations += heard as u64;
            Ok(())
        })
    }
}
