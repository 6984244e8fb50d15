//! A server under test: a process of its own, on a core of its own.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

use crate::watch::Waiting;

/// The servers that are known by name, in the order of their turns.
pub const SERVERS: [&str; 5] = ["tokio", "smol", "socketioxide", "node", "floor"];

/// The server's core, where it has one of its own; the other is the generator's.
const SERVER_CORE: usize = 0;
const GENERATOR_CORE: usize = 1;

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(10);

/// What to run.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    path: PathBuf,
}

/// How to run it.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub ping_interval: Duration,
    /// One shares no core with the generator; more do.
    pub workers: usize,
    /// How the generator waits for what it has a core of its own for.
    pub waiting: Waiting,
}

/// A server that runs. It is killed when dropped.
pub struct Server {
    child: Child,
    clock: ClockId,
    pub port: u16,
    /// How the generator waits for it.
    pub waiting: Waiting,
}

impl Program {
    /// One of the known servers, or `name=path` of any other that reads the same environment.
    pub fn named(text: &str) -> Result<Self> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (name, PathBuf::from(path)),
            None if text == "node" => (
                text,
                Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/node/server.mjs"),
            ),
            None => (text, std::env::current_exe()?.with_file_name(format!("{text}-server"))),
        };
        if !path.exists() {
            bail!("no server {name}: {} does not exist", path.display());
        }
        Ok(Self {
            name: name.to_owned(),
            path,
        })
    }

    /// Starts it, and waits until it listens.
    pub fn start(&self, settings: Settings) -> Result<Server> {
        let pinned = settings.workers == 1;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = if self.path.extension().is_some_and(|extension| extension == "mjs") {
            let mut command = Command::new("node");
            command.arg(&self.path).env("NODE_ENV", "production");
            command
        } else {
            Command::new(&self.path)
        };
        command
            .env("PORT", port.to_string())
            .env("PING_INTERVAL_MS", settings.ping_interval.as_millis().to_string())
            .env("WORKERS", settings.workers.to_string())
            .env_remove("RUST_LOG")
            .env_remove("DEBUG")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        // The child inherits the cores of whoever starts it, from its first instruction on.
        run_on(&if pinned { vec![SERVER_CORE] } else { all_cores() })?;
        let child = command.spawn();
        run_on(&if pinned { vec![GENERATOR_CORE] } else { all_cores() })?;
        let child = child.with_context(|| format!("starting {}", self.path.display()))?;
        let clock = clock_getcpuclockid(Pid::from_raw(child.id() as i32))?;
        let mut server = Server {
            child,
            clock,
            port,
            waiting: if pinned { settings.waiting } else { Waiting::Asleep },
        };
        server.wait_until_it_listens()?;
        Ok(server)
    }
}

impl Server {
    /// The CPU time that all its threads have taken, in user mode and in the kernel for them.
    pub fn cpu(&self) -> Result<Duration> {
        Ok(self.clock.now().context("the server has ended")?.into())
    }

    /// The memory that it has in RAM, in bytes.
    pub fn rss(&self) -> Result<u64> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let text = fs::read_to_string(&path).context(path)?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("Rss:"))
            .context("no Rss")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at once: {status}");
            }
            if start.elapsed() > START {
                bail!("the server does not listen");
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Has this thread, and the processes that it starts, run on these cores only.
fn run_on(cores: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    for &core in cores {
        set.set(core)?;
    }
    sched_setaffinity(Pid::from_raw(0), &set).context("the server needs one core and the generator another")
}

fn all_cores() -> Vec<usize> {
    vec![SERVER_CORE, GENERATOR_CORE]
}
