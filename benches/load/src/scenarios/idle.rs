//! Clients that do nothing: the memory that they take, and what their heartbeats cost.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::measure::{FRESH, Figure, Tally, Times, USED, figures};
use crate::payload;
use crate::pool::Pool;
use crate::server::Server;
use crate::websocket::{self, Frame};

/// How often servers ping where heartbeats are measured.
pub const PING_INTERVAL: Duration = Duration::from_millis(500);

/// Bytes of a message that makes buffers grow.
const LARGE: usize = 60_000;

/// Memory per connection: connected, and after it was used for a large message.
pub fn memory(server: &Server, times: Times, clients: usize) -> Result<Vec<Figure>> {
    // What is taken once, or for the first few, is not of the connection. They stay, so that others do not get their memory.
    let _first = Pool::connect(server, 64)?;
    sleep(times.settle);
    let before = server.rss()?;
    let mut pool = Pool::connect(server, clients)?;
    pool.listen(times.settle)?;
    let fresh = server.rss()?;
    let mut request = Vec::new();
    let argument = payload::json(LARGE);
    websocket::text(format!(r#"420["echo",{argument}]"#).as_bytes(), &mut request);
    let answer = format!("430[{argument}]");
    for client in 0..clients {
        pool.send(client, &request)?;
        let mut answered = false;
        while !answered {
            pool.turn(|from, frame, _| {
                ensure!(
                    from == client && frame == Frame::Text(answer.as_bytes()),
                    "another answer"
                );
                answered = true;
                Ok(())
            })?;
        }
    }
    pool.listen(times.settle)?;
    let used = server.rss()?;
    let each = |rss: u64| (rss as f64 - before as f64) / clients as f64;
    Ok(vec![
        Figure {
            metric: FRESH,
            value: each(fresh),
        },
        Figure {
            metric: USED,
            value: each(used),
        },
    ])
}

/// Clients whose heartbeats are measured. Connecting them takes longer than an interval, so their pings do not come together.
const CLIENTS: usize = 5_000;

/// The cost of a ping and its pong.
pub fn heartbeats(server: &Server, times: Times) -> Result<Vec<Figure>> {
    let mut pool = Pool::connect(server, CLIENTS)?;
    pool.listen(PING_INTERVAL + times.warm_up)?;
    let pings = pool.pings;
    let (start, cpu) = (Instant::now(), server.cpu()?);
    // They are few: twice the time is needed for a reliable figure.
    pool.listen(times.measured * 2)?;
    let (elapsed, cpu) = (start.elapsed(), server.cpu()? - cpu);
    let tally = Tally {
        operations: pool.pings - pings,
        ..Tally::default()
    };
    let expected = CLIENTS as f64 * elapsed.as_secs_f64() / PING_INTERVAL.as_secs_f64();
    ensure!(
        tally.operations as f64 > expected * 0.8,
        "{} pings where {expected} were to come",
        tally.operations
    );
    figures(&tally, cpu, elapsed)
}
