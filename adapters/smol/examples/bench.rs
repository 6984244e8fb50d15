//! The server that loads are measured on, on smol: `PORT=3000 WORKERS=1 cargo run --release -p socketio-smol --example bench`.

#[path = "../../bench/mod.rs"]
mod bench;

use std::os::unix::process::CommandExt;
use std::process::Command;

use socketio_smol::Smol;

/// Says how many threads smol's executor has. It reads that once, when it begins.
const THREADS: &str = "SMOL_THREADS";

fn main() -> std::io::Result<()> {
    if std::env::var_os(THREADS).is_none() {
        let workers = bench::number("WORKERS", 1_usize).max(1);
        return Err(Command::new(std::env::current_exe()?)
            .env(THREADS, workers.to_string())
            .exec());
    }
    // On that executor too, not beside it: no thread has to wake another for a new connection.
    smol::block_on(smol::spawn(bench::run::<Smol>()))
}
