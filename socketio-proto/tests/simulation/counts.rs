//! How often that happened which a simulation would be worth little without.

use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sessions that went over to a WebSocket, as their clients see it.
    pub upgrades: u64,
    /// Sockets that came back.
    pub recoveries: u64,
    /// Sockets that wanted to, and were somebody new.
    pub strangers: u64,
    /// Emissions that were refused for want of room.
    pub refusals: u64,
    /// Times that there was room again.
    pub drains: u64,
    /// Messages that were not read because too much was waiting to be.
    pub stalls: u64,
    /// Requests that came twice.
    pub copies: u64,
    /// Things that a client did which breaks the rules.
    pub lies: u64,
    /// Sessions that were closed for that.
    pub condemned: u64,
    /// Clients whose process ended.
    pub rebirths: u64,
    /// Sockets that were asked who they are.
    pub authentications: u64,
}

impl Counts {
    pub fn all(self) -> [(&'static str, u64); 11] {
        [
            ("upgrades", self.upgrades),
            ("recoveries", self.recoveries),
            ("strangers", self.strangers),
            ("refusals", self.refusals),
            ("drains", self.drains),
            ("stalls", self.stalls),
            ("copies", self.copies),
            ("lies", self.lies),
            ("condemned", self.condemned),
            ("rebirths", self.rebirths),
            ("authentications", self.authentications),
        ]
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.upgrades += other.upgrades;
        self.recoveries += other.recoveries;
        self.strangers += other.strangers;
        self.refusals += other.refusals;
        self.drains += other.drains;
        self.stalls += other.stalls;
        self.copies += other.copies;
        self.lies += other.lies;
        self.condemned += other.condemned;
        self.rebirths += other.rebirths;
        self.authentications += other.authentications;
    }
}
