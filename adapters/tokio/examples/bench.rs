//! The server that loads are measured on, on tokio: `PORT=3000 WORKERS=1 cargo run --release -p socketio-tokio --example bench`.

#[path = "../../bench/mod.rs"]
mod bench;

use socketio_tokio::Tokio;
use tokio::runtime::Builder;

fn main() -> std::io::Result<()> {
    let mut runtime = match bench::number("WORKERS", 1) {
        0 | 1 => Builder::new_current_thread(),
        workers => {
            let mut runtime = Builder::new_multi_thread();
            runtime.worker_threads(workers);
            runtime
        }
    };
    runtime.enable_all().build()?.block_on(async {
        // On a thread of the runtime's, where there are some: the one that waits here is none.
        tokio::spawn(bench::run::<Tokio>()).await.expect("it does not panic")
    })
}
