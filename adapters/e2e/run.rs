// Runs test files of this folder from a Rust test: `#[path = "../../e2e/run.rs"] mod run;`.

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
    node.args(["--test", "--test-concurrency=2", "--test-timeout=120000"])
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
