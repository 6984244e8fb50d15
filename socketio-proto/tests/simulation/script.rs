//! What one run is made of: settings, and steps in an order, all of it from a seed.

use std::time::Duration;

use engineio_proto::Revision;
use engineio_proto::client::Transports;

use crate::action::Step;
use crate::chance::Chance;

/// How many rooms there are to join.
pub const ROOMS: [&str; 4] = ["red", "green", "blue", "l0"];

/// The namespaces; nobody is let into the last.
pub const NAMESPACES: [&str; 3] = ["/", "/a", "/no"];

/// Sets the chance that decides about the [wide](Settings::wide) apart from the other; with this one none of the seeds is that have failed
/// before there were any.
const WIDE: u64 = 0xf7 << 40;

#[derive(Clone, Debug)]
pub struct Script {
    pub seed: u64,
    pub settings: Settings,
    /// Nothing goes wrong on the network.
    pub calm: bool,
    pub steps: Vec<Step>,
}

/// What is decided before it begins.
#[derive(Clone, Debug)]
pub struct Settings {
    /// One entry a client: how it may connect, and in which revision.
    pub clients: Vec<(Transports, Revision)>,
    /// One entry a client that breaks the rules.
    pub liars: Vec<Revision>,
    pub msgpack: bool,
    pub upgrades: bool,
    pub recovery: bool,
    /// How long who has gone may stay away.
    pub recovery_window: Duration,
    pub ping_interval: Duration,
    pub ping_timeout: Duration,
    pub max_payload: usize,
    pub send_capacity: usize,
    pub receive_capacity: usize,
    pub buffer_capacity: usize,
    pub recovery_capacity: usize,
    pub max_pending_acks: usize,
    pub reconnection_attempts: Option<u32>,
    /// The longest that anything takes on its way.
    pub latency: Duration,
    /// What is rare elsewhere is common here: the bounds are narrow, the times short, and more is done.
    pub wide: bool,
    pub volatile_capacity: usize,
    pub max_attachments: usize,
    pub connect_timeout: Duration,
    pub upgrade_timeout: Duration,
    pub close_timeout: Duration,
}

impl Script {
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let mut settings = Settings::new(&mut chance);
        let mut other = Chance::new(seed ^ WIDE);
        if other.percent(30) {
            settings.widen(&mut other);
        }
        let wide = settings.wide;
        let mut steps: Vec<_> = (0..settings.clients.len())
            .map(|client| Step::first(client, &mut chance))
            .collect();
        let count = chance.pick(&[5, 10, 20, 40, 80]);
        let calm = chance.percent(30);
        let lies = !settings.liars.is_empty();
        steps.extend((0..count).map(|_| Step::new(calm, lies, wide, &mut chance)));
        Self {
            seed,
            settings,
            calm,
            steps,
        }
    }
}

impl Settings {
    fn new(chance: &mut Chance) -> Self {
        let old = chance.percent(30);
        let clients = (0..=chance.below(5))
            .map(|_| {
                let all = [
                    Transports::Polling,
                    Transports::WebSocket,
                    Transports::PollingThenWebSocket,
                ];
                let transports = chance.pick(&[all[0], all[1], all[2], all[2]]);
                let is_old = old && chance.percent(50);
                (transports, if is_old { Revision::V3 } else { Revision::V4 })
            })
            .collect();
        let msgpack = chance.percent(20);
        let liars = if chance.percent(30) { 1 + chance.below(2) } else { 0 };
        let liars = (0..liars).map(|_| {
            let is_old = chance.percent(25) && !msgpack;
            if is_old { Revision::V3 } else { Revision::V4 }
        });
        let liars = liars.collect();
        let (ping_interval, ping_timeout) =
            chance.pick(&[(25_000, 20_000), (25_000, 20_000), (2_000, 1_500), (500, 900)]);
        Self {
            clients,
            liars,
            msgpack,
            upgrades: chance.percent(85),
            recovery: chance.percent(50),
            recovery_window: Duration::from_millis(chance.pick(&[120_000, 120_000, 5_000, 1_000])),
            ping_interval: Duration::from_millis(ping_interval),
            ping_timeout: Duration::from_millis(ping_timeout),
            max_payload: chance.pick(&[1_000_000, 1_000_000, 3_000]),
            send_capacity: chance.pick(&[4 << 20, 10_000, 3_000]),
            receive_capacity: chance.pick(&[256 << 10, 2_000, 300]),
            buffer_capacity: chance.pick(&[4 << 20, 4_000, 1_000]),
            recovery_capacity: chance.pick(&[16 << 20, 16 << 20, 5_000]),
            max_pending_acks: chance.pick(&[10_000, 3]),
            reconnection_attempts: chance.pick(&[None, None, None, Some(2)]),
            latency: Duration::from_micros(chance.pick(&[0, 1_000, 30_000, 30_000, 300_000])),
            wide: false,
            volatile_capacity: 64 << 10,
            max_attachments: 10,
            connect_timeout: Duration::from_secs(45),
            upgrade_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(30),
        }
    }

    /// Changes some of it, as far as clients that mean well can live with it.
    fn widen(&mut self, chance: &mut Chance) {
        self.wide = true;
        let of_old = self.clients.iter().map(|(_, revision)| *revision).max();
        let more = chance.pick(&[0, 0, 0, 0, 0, 0, 0, 8]);
        for _ in 0..more {
            let transports = chance.pick(&[Transports::Polling, Transports::PollingThenWebSocket]);
            let revision = of_old.filter(|_| chance.percent(20)).unwrap_or(Revision::V4);
            self.clients.push((transports, revision));
        }
        self.send_capacity = chance.pick(&[self.send_capacity, 1_500, 800]);
        self.receive_capacity = chance.pick(&[self.receive_capacity, 100, 1]);
        self.buffer_capacity = chance.pick(&[self.buffer_capacity, 300, 1]);
        self.recovery_capacity = chance.pick(&[self.recovery_capacity, 3_000, 1_000]);
        self.max_payload = chance.pick(&[self.max_payload, 700, 400]);
        self.volatile_capacity = chance.pick(&[64 << 10, 100, 0]);
        self.max_attachments = chance.pick(&[10, 2]);
        let millis = Duration::from_millis;
        self.connect_timeout = chance.pick(&[self.connect_timeout, millis(10_000)]);
        self.close_timeout = chance.pick(&[self.close_timeout, millis(1_000), millis(50)]);
        self.upgrade_timeout = millis(3_000);
        if self.latency < millis(100) {
            self.max_pending_acks = chance.pick(&[self.max_pending_acks, 2, 1]);
            self.upgrade_timeout = chance.pick(&[self.upgrade_timeout, millis(500)]);
        }
        if self.latency < millis(100) && chance.percent(10) {
            self.ping_interval = Duration::from_millis(200);
            self.ping_timeout = Duration::from_millis(300);
        }
    }
}
