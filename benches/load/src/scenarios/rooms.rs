//! Joining rooms, with an acknowledgement each.

use anyhow::{Result, ensure};

use crate::measure::{CPU, Figure, Tally, Times, figures};
use crate::pool::Pool;
use crate::server::Server;
use crate::websocket::{self, Frame};

/// Joins in all, as far as the clients suffice.
const JOINS: usize = 40_000;
const MOST_CLIENTS: usize = 4_000;

/// Clients that join so many rooms each.
#[derive(Clone, Copy, Debug)]
pub struct Joins {
    pub rooms: usize,
}

impl Joins {
    /// Measures all joins after the first quarter of the clients', which are the warm-up.
    pub fn run(self, server: &Server, times: Times) -> Result<Vec<Figure>> {
        let most = if times.quick { JOINS / 4 } else { JOINS };
        let clients = (most / self.rooms).clamp(16, MOST_CLIENTS);
        {
            let mut pool = Pool::connect(server, 64)?;
            for room in 0..100 {
                join(&mut pool, &format!("warm-up {room}"))?;
            }
        }
        let mut pool = Pool::connect(server, clients)?;
        let (start, cpu) = (std::time::Instant::now(), server.cpu()?);
        for room in 0..self.rooms {
            join(&mut pool, &format!("room {room}"))?;
        }
        let (elapsed, cpu) = (start.elapsed(), server.cpu()? - cpu);
        let tally = Tally {
            operations: (clients * self.rooms) as u64,
            ..Tally::default()
        };
        let mut figures = figures(&tally, cpu, elapsed)?;
        figures.retain(|figure| figure.metric == CPU);
        Ok(figures)
    }
}

/// Has all clients join a room.
pub fn join(pool: &mut Pool, room: &str) -> Result<()> {
    let mut request = Vec::new();
    websocket::text(format!(r#"420["join","{room}"]"#).as_bytes(), &mut request);
    // Not all at once: the answers of thousands would have to wait in the server.
    let mut next = 0;
    let mut joined = 0;
    while joined < pool.len() {
        while next < pool.len() && next - joined < 64 {
            pool.send(next, &request)?;
            next += 1;
        }
        pool.turn(|_, frame, _| {
            ensure!(frame == Frame::Text(b"430[]"), "unexpected: {frame:?}");
            joined += 1;
            Ok(())
        })?;
    }
    Ok(())
}
