//! Chance, from the operating system.

/// 120 bits that nobody can guess: what an id is made of.
pub(crate) fn entropy() -> Result<[u8; 15], getrandom::Error> {
    let mut bytes = [0; 15];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
