//! What an input may cost.

#[path = "../../engineio-proto/tests/support/counting.rs"]
mod counting;

/// Does `work`, which holds at most `factor` bytes for each of the input's at a time, and a few thousand whatever the input.
pub fn bounded<T>(input: usize, factor: usize, work: impl FnOnce() -> T) -> T {
    const ANYWAY: usize = 8_192;
    let mut result = None;
    let taken = counting::peak(|| result = Some(work()));
    assert!(
        taken <= factor * input + ANYWAY,
        "{taken} bytes of memory for {input} bytes of input"
    );
    result.expect("the work was done")
}
