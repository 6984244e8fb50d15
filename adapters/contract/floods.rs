//! Events that emit much.

use std::time::Duration;

use socketio_hyper::hyper::rt::Timer;
use socketio_hyper::{Ack, BoxError, Namespace, Rest, Runtime, Socket};

use super::events::{LARGEST, Result};

/// How long a flood waits for a client that does not keep up.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many bytes are emitted before others may run, even if nobody has to wait for room.
const STRETCH: usize = 1 << 20;

/// What an event costs beside its text, in bytes.
const EVENT_COST: usize = 20;

/// Registers them.
pub(crate) fn floods<R: Runtime>(nsp: &Namespace) {
    nsp.on(
        "volatile",
        async |socket: Socket, event: String, args: Rest, ack: Ack| {
            socket.volatile().emit(&event, args)?;
            ack.send_when_ready(()).await
        },
    );
    nsp.on("volatile-flood", async |socket: Socket, count: u32, size: usize| {
        let text = text("v", size)?;
        let mut stretch = Stretch::default();
        for i in 0..count {
            socket.volatile().emit("flood", (i, &text))?;
            stretch.goes_on::<R>(text.len()).await;
        }
        socket.emit_when_ready("flood-done", count).await?;
        Result::Ok(())
    });
    nsp.on(
        "flood",
        async |socket: Socket, room: String, count: u32, size: usize, ack: Ack| {
            let text = text("f", size)?;
            let room = socket.namespace().to(room);
            let mut stretch = Stretch::default();
            for i in 0..count {
                if room.is_empty() {
                    break;
                }
                room.emit_when_ready("flood", (i, &text), PATIENCE).await?;
                stretch.goes_on::<R>(text.len()).await;
            }
            ack.send_when_ready(count).await?;
            Result::Ok(())
        },
    );
    nsp.on("burst", async |socket: Socket, count: u32| {
        let mut stretch = Stretch::default();
        for i in 0..count {
            socket.emit_when_ready("burst-item", i).await?;
            stretch.goes_on::<R>(0).await;
        }
        socket.emit_when_ready("burst-done", count).await?;
        Result::Ok(())
    });
}

/// What was emitted since others could run.
#[derive(Default)]
struct Stretch {
    bytes: usize,
}

impl Stretch {
    /// An event of so many bytes was emitted: lets others run if that is enough.
    async fn goes_on<R: Runtime>(&mut self, bytes: usize) {
        self.bytes += bytes + EVENT_COST;
        if self.bytes > STRETCH {
            self.bytes = 0;
            R::default().timer().sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A text of so many bytes, and nothing that would not fit into the memory.
fn text(letter: &str, size: usize) -> std::result::Result<String, BoxError> {
    if size > LARGEST {
        return Err("that is too large".into());
    }
    Ok(letter.repeat(size))
}
