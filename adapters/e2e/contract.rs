// The tests of the conformance server, for the adapters: `#[path = "../../e2e/contract.rs"] mod contract;`.

#[path = "run.rs"]
pub(crate) mod run;

use std::fs;

/// Runs everything that clients do with the conformance server: npm's clients, then PyPI's. `server` is the ignored test of the same
/// binary that is the server. The example will not do: that of another runtime has the same name, and so the same file.
pub(crate) fn test(server: &str) {
    let mut files: Vec<_> = fs::read_dir(run::folder().join("tests"))
        .expect("the folder of the tests can be read")
        .map(|entry| {
            format!(
                "tests/{}",
                entry.expect("so can its entries").file_name().to_string_lossy()
            )
        })
        .filter(|file| file.ends_with(".test.mjs") && !["chat", "event-loop"].iter().any(|other| file.contains(other)))
        .collect();
    files.sort();
    assert!(files.len() >= 15, "all of the tests: {files:?}");
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let python = run::folder().join(".venv/bin/python");
    assert!(
        python.exists(),
        "python-socketio is not installed: run adapters/e2e/setup"
    );
    let this = std::env::current_exe().expect("a test knows where it is");
    let command = format!("{} {server} --exact --ignored --nocapture", this.display());
    run::node(
        &files,
        &[("SERVER_CMD", command.as_ref()), ("PYTHON", python.as_os_str())],
    );
}
