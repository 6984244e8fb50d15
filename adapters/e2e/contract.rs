// The tests of the conformance server, for the adapters: `#[path = "../../e2e/contract.rs"] mod contract;`.

#[path = "run.rs"]
pub(crate) mod run;

use std::fs;

/// Runs everything that clients do with the conformance server: npm's clients, then PyPI's.
pub(crate) fn test() {
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
    run::node(&files, "SERVER_CMD", &run::example("contract"), &[("PYTHON", &python)]);
}
