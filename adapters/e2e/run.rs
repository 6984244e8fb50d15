// Runs test files of this folder from a Rust test: `#[path = "../../e2e/run.rs"] mod run;`.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the end-to-end tests.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .find(|folder| folder.join("adapters/e2e").is_dir())
        .map_or_else(
            || panic!("the end-to-end tests are in adapters/e2e of the workspace"),
            |workspace| workspace.join("adapters/e2e"),
        )
}

/// An example of this package. Cargo has built it, because it builds all examples before it runs tests.
#[allow(dead_code, reason = "not every test needs one")]
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let target = test.ancestors().nth(2).expect("a test is in target/<profile>/deps");
    let example = target.join("examples").join(name);
    assert!(
        example.exists(),
        "{} is not built: run `cargo test --workspace`",
        example.display()
    );
    example
}

/// Runs test files by node, with these variables: the command of a server for one.
pub(crate) fn node(files: &[&str], variables: &[(&str, &OsStr)]) {
    let folder = folder();
    assert!(
        folder.join("node_modules/socket.io-client").is_dir(),
        "the JavaScript clients are not installed: run adapters/e2e/setup"
    );
    let mut node = Command::new("node");
    // Forced to exit when all tests are done: Node's own loop now and then spins on a socket that was reset, for ever.
    node.args([
        "--test",
        "--test-force-exit",
        "--test-concurrency=2",
        "--test-timeout=120000",
    ])
    .args(files);
    run(node.envs(variables.iter().copied()).current_dir(folder));
}

/// Runs a command, and fails with what it printed.
pub(crate) fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} could not be started: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{printed}", output.status);
    println!("{printed}");
}

/// A server in a process of its own: one that is not ours, from the folder `servers`, or an example.
pub(crate) struct Server {
    process: std::process::Child,
    port: u16,
}

impl Server {
    /// Starts it and waits until it listens: on a free port, unless `PORT` is among the settings.
    pub(crate) fn start(script: &str, settings: &[(&str, &str)]) -> Self {
        use std::io::{BufRead, BufReader};
        let folder = folder();
        let program = match script.ends_with(".py") {
            true => folder.join(".venv/bin/python"),
            false => PathBuf::from("node"),
        };
        let mut command = Command::new(program);
        command.arg(script).current_dir(folder.join("servers"));
        let mut process = command
            .envs(settings.iter().copied())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{script} could not be started, run adapters/e2e/setup: {error}"));
        let output = process.stdout.as_mut().expect("it was asked for");
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it says that it listens");
        let port = line
            .trim()
            .strip_prefix("listening ")
            .and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("{script} did not start: {line:?}"));
        Self { process, port }
    }

    /// Starts an example of this package that takes its `PORT`, and waits until it listens.
    pub(crate) fn example(name: &str, settings: &[(&str, &str)]) -> Self {
        use std::net::{TcpListener, TcpStream};
        let given = settings.iter().find(|(name, _)| *name == "PORT").map(|(_, port)| *port);
        let free = || TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = given.map_or_else(
            || free().expect("a port is free").port(),
            |port| port.parse().expect("a port"),
        );
        let mut command = Command::new(example(name));
        command.envs(settings.iter().copied()).env("PORT", port.to_string());
        let process = command
            .spawn()
            .expect("the examples are built: run `cargo test --workspace`");
        let mut server = Self { process, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.process.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "{name} did not start: {ended:?}");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it without a word (SIGKILL).
    pub(crate) fn kill(mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
